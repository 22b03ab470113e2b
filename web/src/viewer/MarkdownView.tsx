import { type ReactNode, useMemo } from "react";
import { apiUrl } from "../api/client";
import { Markdown, type MarkdownOptions } from "../markdown";
import type { Range } from "./offsets";

interface MarkdownViewProps {
  workspaceId: string;
  path: string;
  text: string;
  mark: Range | undefined;
  onNavigate: (path: string) => void;
}

/** A Markdown file as it is meant to be read. Links and images within the workspace work; nothing is loaded from elsewhere. */
export function MarkdownView({ workspaceId, path, text, mark, onNavigate }: MarkdownViewProps) {
  const options = useMemo<MarkdownOptions>(
    () => ({
      ...(mark ? { highlight: mark } : {}),
      onLink: (href) => follow(href, path, onNavigate),
      image: (src, alt) => picture(workspaceId, resolve(path, src), alt),
    }),
    [workspaceId, path, mark, onNavigate],
  );
  return (
    <div className="viewer-markdown">
      <Markdown source={text} options={options} />
    </div>
  );
}

function picture(workspaceId: string, file: string | undefined, alt: string): ReactNode {
  return file === undefined ? undefined : <img src={apiUrl("/api/files/raw", undefined, { workspaceId, path: file })} alt={alt} loading="lazy" />;
}

function follow(href: string, path: string, onNavigate: (path: string) => void) {
  if (href.startsWith("#")) {
    document.getElementById(`h-${decodeURIComponent(href.slice(1)).toLowerCase()}`)?.scrollIntoView({ block: "start" });
    return;
  }
  const file = resolve(path, href);
  if (file !== undefined) onNavigate(file);
  else if (/^https?:\/\//i.test(href)) window.open(href, "_blank", "noopener,noreferrer");
}

/** The workspace path that a relative link in a file means; undefined for anything that leads out. */
export function resolve(from: string, href: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("/") || href.startsWith("#") || href.includes("\\")) return undefined;
  let link: string;
  try {
    link = decodeURIComponent(href.replace(/[?#].*$/, ""));
  } catch {
    return undefined;
  }
  const parts = from.split("/").slice(0, -1);
  for (const part of link.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.length === 0) return undefined;
      parts.pop();
    } else parts.push(part);
  }
  return parts.length > 0 && link !== "" ? parts.join("/") : undefined;
}
