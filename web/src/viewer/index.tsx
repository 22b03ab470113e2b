/** Shows a file of a workspace as what it is, with the words of a citation or a search hit marked. */
import { useQuery } from "@tanstack/react-query";
import { Download, FileQuestion, WrapText } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { api, apiUrl } from "../api/client";
import type { Answer } from "../api/client";
import { t } from "../i18n";
import { bytes } from "../i18n/format";
import type { FileViewerProps } from "../lib/target";
import { IconButton } from "../ui/Button";
import { Empty, ErrorState, Loading } from "../ui/Feedback";
import { ImageView } from "./ImageView";
import { MarkdownView } from "./MarkdownView";
import { type Range, toIndices } from "./offsets";
import { TableView } from "./TableView";
import { TextView } from "./TextView";
import "./viewer.css";

const PdfView = lazy(() => import("./PdfView").then((module) => ({ default: module.PdfView })));

type File = Answer<"/api/files/read", "get">;
/** Ways to look at a file: as it is meant, its bytes as text, and the text that was taken out of it. */
type Mode = "rendered" | "source" | "extracted";

const images = /\.(?:png|jpe?g|gif|webp|avif|bmp|ico|svg)$/i;
const markdown = /\.(?:md|markdown|mdown)$/i;
const table = /\.(?:csv|tsv)$/i;
const derived = /\.(?:html?|xhtml|ipynb)$/i;
const prose = /\.(?:txt|md|markdown|mdown|log|rst|tex|html?|xhtml)$/i;

function modesOf(path: string): Mode[] {
  if (markdown.test(path) || table.test(path)) return ["rendered", "source"];
  if (derived.test(path)) return ["extracted", "source"];
  return ["source"];
}

export function FileViewer({ workspaceId, path, target, onNavigate }: FileViewerProps) {
  const file = useQuery({
    queryKey: ["workspace", workspaceId, "file", path],
    queryFn: ({ signal }) => api.get("/api/files/read", { query: { workspaceId, path }, signal }),
  });
  if (file.error && !file.data) return <ErrorState error={file.error} onRetry={() => void file.refetch()} />;
  if (!file.data) return <Loading />;
  const stale = target !== undefined && target.contentHash !== "" && target.contentHash !== file.data.contentHash;
  return (
    <div className="viewer">
      {stale ? (
        <p className="viewer-note stale" role="status">
          {t("viewer.stale")}
        </p>
      ) : null}
      <Body workspaceId={workspaceId} path={path} file={file.data} target={target} onNavigate={onNavigate} />
    </div>
  );
}

function Body({ workspaceId, path, file, target, onNavigate }: FileViewerProps & { file: File }) {
  if (/\.pdf$/i.test(path) && file.binary) {
    return (
      <Suspense fallback={<Loading text={t("viewer.openingPdf")} />}>
        <PdfView workspaceId={workspaceId} path={path} version={file.contentHash} target={target} />
      </Suspense>
    );
  }
  if (images.test(path)) return <ImageView workspaceId={workspaceId} path={path} version={file.contentHash} />;
  if (file.binary) {
    return (
      <Empty icon={FileQuestion} text={t("viewer.binary", { size: bytes(file.size) })}>
        <a className="button default" href={apiUrl("/api/files/raw", undefined, { workspaceId, path, download: 1 })} download>
          <Download size={16} aria-hidden />
          <span>{t("viewer.download")}</span>
        </a>
      </Empty>
    );
  }
  return <TextFile workspaceId={workspaceId} path={path} file={file} target={target} onNavigate={onNavigate} />;
}

function TextFile({ workspaceId, path, file, target, onNavigate }: FileViewerProps & { file: File }) {
  const modes = modesOf(path);
  const [chosen, setChosen] = useState<Mode>();
  const [wrap, setWrap] = useState(prose.test(path));
  const mode = chosen && modes.includes(chosen) ? chosen : (modes[0] ?? "source");
  const extracted = useQuery({
    queryKey: ["workspace", workspaceId, "file", path, "extracted"],
    queryFn: ({ signal }) => api.get("/api/files/text", { query: { workspaceId, path }, signal }),
    enabled: mode === "extracted",
  });
  const text = mode === "extracted" ? extracted.data?.text : file.content;
  // Offsets are of the extracted text, which for most types is the file's text itself.
  const fits = mode === "extracted" || !modes.includes("extracted");
  const mark = useMemo<Range | undefined>(
    () => (text !== undefined && target && fits && target.end > target.start ? toIndices(text, target.start, target.end) : undefined),
    [text, target, fits],
  );
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!mark) return;
    const frame = requestAnimationFrame(() => body.current?.querySelector(`[data-mode="${mode}"] [data-target]`)?.scrollIntoView({ block: "center" }));
    return () => cancelAnimationFrame(frame);
  }, [mark, mode]);

  return (
    <>
      <div className="viewer-bar">
        {modes.length > 1 ? <ModeSwitch modes={modes} mode={mode} onChoose={setChosen} /> : null}
        <span className="quiet small">{[file.encoding, bytes(file.size)].filter(Boolean).join(" · ")}</span>
        <span className="grow" />
        {mode === "rendered" ? null : <IconButton icon={WrapText} label={t("viewer.wrap")} pressed={wrap} onClick={() => setWrap(!wrap)} />}
      </div>
      {file.truncated && mode !== "extracted" ? <p className="viewer-note">{t("viewer.truncated", { shown: bytes(file.length), size: bytes(file.size) })}</p> : null}
      {mode === "extracted" && extracted.error ? <ErrorState error={extracted.error} onRetry={() => void extracted.refetch()} /> : null}
      {mode === "extracted" && extracted.isPending ? <Loading /> : null}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling area must be reachable by keyboard */}
      <div className="viewer-body" ref={body} tabIndex={0} role="document" aria-label={path}>
        <div data-mode={mode}>
          {text === undefined ? null : text === "" ? (
            <Empty text={t("viewer.empty")} />
          ) : mode !== "rendered" ? (
            <TextView text={text} mark={mark} wrap={wrap} />
          ) : table.test(path) ? (
            <TableView text={text} name={path} mark={mark} />
          ) : (
            <MarkdownView workspaceId={workspaceId} path={path} text={text} mark={mark} onNavigate={onNavigate} />
          )}
        </div>
      </div>
    </>
  );
}

function ModeSwitch({ modes, mode, onChoose }: { modes: Mode[]; mode: Mode; onChoose: (mode: Mode) => void }) {
  return (
    <div className="mode-switch" role="group" aria-label={t("viewer.view")}>
      {modes.map((m) => (
        <button key={m} type="button" aria-pressed={m === mode} onClick={() => onChoose(m)}>
          {m === "rendered" ? t("viewer.mode.rendered") : m === "source" ? t("viewer.mode.source") : t("viewer.mode.extracted")}
        </button>
      ))}
    </div>
  );
}
