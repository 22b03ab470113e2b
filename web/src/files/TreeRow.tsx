import { ChevronRight, CircleDashed, CircleSlash, TriangleAlert } from "lucide-react";
import { type DragEvent, type FocusEvent, type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import type { Entry, IndexFile } from "../api/types";
import { t } from "../i18n";
import { Tip } from "../ui/Tip";
import { FileIcon } from "./FileIcon";
import { reasonText, stateText } from "./states";
import type { Row } from "./tree";

const marks = { pending: CircleDashed, skipped: CircleSlash, failed: TriangleAlert };

/** A mark for a file that is not in the index, with the reason. Indexed files carry none. */
export function StateMark({ file }: { file: IndexFile }) {
  if (file.state === "indexed") return null;
  const Icon = marks[file.state];
  const reason = reasonText(file);
  const text = reason === "" ? stateText(file.state) : t("fileState.because", { state: stateText(file.state), reason });
  return (
    <Tip text={text} side="right">
      <span className={`state-mark ${file.state}`} role="img" aria-label={text}>
        <Icon size={14} aria-hidden />
      </span>
    </Tip>
  );
}

/** A name being typed in the place where it will stand. Enter and leaving keep it, Escape drops it. */
export function NameInput({ initial, label, onDone }: { initial: string; label: string; onDone: (name: string | undefined) => void }) {
  const [name, setName] = useState(initial);
  // Not state: leaving the field may follow within the same event.
  const done = useRef(false);
  const finish = (keep: boolean) => {
    if (done.current) return;
    done.current = true;
    const next = name.trim();
    onDone(keep && next !== "" && next !== initial ? next : undefined);
  };
  const select = (event: FocusEvent<HTMLInputElement>) => {
    const dot = initial.lastIndexOf(".");
    event.target.setSelectionRange(0, dot > 0 ? dot : initial.length);
  };
  const key = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") finish(false);
  };
  return (
    <input
      className="input name-input"
      aria-label={label}
      value={name}
      autoFocus
      spellCheck={false}
      onFocus={select}
      onChange={(event) => setName(event.target.value)}
      onKeyDown={key}
      onBlur={() => finish(true)}
      onClick={(event) => event.stopPropagation()}
    />
  );
}

export interface RowEvents {
  onClick: (path: string, entry: Entry) => void;
  onKeep: (path: string, entry: Entry) => void;
  onDragStart: (event: DragEvent, path: string) => void;
  onDragOver: (event: DragEvent, folder: string) => void;
  onDrop: (event: DragEvent, folder: string) => void;
}

interface TreeRowProps {
  row: Row & { kind: "entry" };
  id: string;
  active: boolean;
  selected: boolean;
  dropTarget: boolean;
  state: IndexFile | undefined;
  renaming: ((name: string | undefined) => void) | undefined;
  menu: ReactNode;
  folder: string;
  events: RowEvents;
}

export function TreeRow({ row, id, active, selected, dropTarget, state, renaming, menu, folder, events }: TreeRowProps) {
  const { entry, path } = row;
  const special = entry.type === "special";
  return (
    // Keyboard and focus belong to the tree as a whole (aria-activedescendant).
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      id={id}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.pos}
      aria-setsize={row.size}
      aria-expanded={row.expanded}
      aria-selected={selected}
      aria-label={entry.name}
      data-path={path}
      className={`tree-row ${active ? "active" : ""} ${selected ? "selected" : ""} ${dropTarget ? "drop" : ""} ${state?.state === "skipped" || special ? "dim" : ""}`}
      style={{ paddingLeft: 8 + (row.level - 1) * 14 }}
      draggable={!renaming}
      onClick={() => events.onClick(path, entry)}
      onDoubleClick={() => events.onKeep(path, entry)}
      onDragStart={(event) => events.onDragStart(event, path)}
      onDragOver={(event) => events.onDragOver(event, folder)}
      onDrop={(event) => events.onDrop(event, folder)}
    >
      {row.expanded === undefined ? <span className="tree-gap" /> : <ChevronRight size={14} aria-hidden className={row.expanded ? "open" : ""} />}
      <FileIcon name={entry.name} type={entry.type} open={row.expanded ?? false} />
      {renaming ? (
        <NameInput initial={entry.name} label={t("files.newName")} onDone={renaming} />
      ) : (
        <span className="ellipsis grow" title={entry.name}>
          {entry.name}
        </span>
      )}
      {state && !renaming ? <StateMark file={state} /> : null}
      {renaming ? null : menu}
    </div>
  );
}
