import { X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { nameOf, parentOf } from "../files/paths";
import { t } from "../i18n";
import { FileIcon } from "../files/FileIcon";
import type { Tab } from "./tabs";

interface TabBarProps {
  tabs: readonly Tab[];
  active: string;
  onSelect: (path: string) => void;
  onKeep: (path: string) => void;
  onClose: (path: string) => void;
}

/** The open files. Arrow keys move, Delete and the middle button close, a double click keeps a preview. */
export function TabBar({ tabs, active, onSelect, onKeep, onClose }: TabBarProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [active]);
  const names = new Map<string, number>();
  for (const tab of tabs) names.set(nameOf(tab.path), (names.get(nameOf(tab.path)) ?? 0) + 1);
  const key = (event: KeyboardEvent, index: number) => {
    const tab = tabs[index];
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to !== undefined) {
      const next = tabs[(to + tabs.length) % tabs.length];
      if (!next) return;
      event.preventDefault();
      onSelect(next.path);
      requestAnimationFrame(() => list.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
    } else if (event.key === "Delete" && tab) onClose(tab.path);
  };
  // With no file open the bar stays as an empty line, so that nothing moves when the first one opens.
  if (tabs.length === 0) return <div className="tabs" />;
  return (
    <div className="tabs" role="tablist" aria-label={t("tabs.name")} ref={list}>
      {tabs.map((tab, index) => {
        const name = nameOf(tab.path);
        const selected = tab.path === active;
        return (
          <div key={tab.path} className={`tab ${selected ? "selected" : ""} ${tab.preview ? "preview" : ""}`} role="presentation">
            <button
              type="button"
              role="tab"
              id={`tab-${index}`}
              aria-selected={selected}
              aria-controls="viewer"
              tabIndex={selected ? 0 : -1}
              title={tab.path}
              onClick={(event) => {
                const onCross = event.target instanceof Element && event.target.closest(".tab-close");
                if (onCross) onClose(tab.path);
                else onSelect(tab.path);
              }}
              onDoubleClick={() => onKeep(tab.path)}
              onAuxClick={(event) => event.button === 1 && onClose(tab.path)}
              onKeyDown={(event) => key(event, index)}
            >
              <FileIcon name={name} />
              <span className="ellipsis">{name}</span>
              {(names.get(name) ?? 0) > 1 ? <span className="quiet small">{nameOf(parentOf(tab.path)) || "/"}</span> : null}
              <span className="tab-close" title={t("tabs.close", { name })} aria-hidden>
                <X size={14} />
              </span>
            </button>
          </div>
        );
      })}
    </div>
  );
}
