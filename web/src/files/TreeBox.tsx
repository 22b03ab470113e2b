import { Ellipsis, FolderOpen, Upload } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useId, useRef } from "react";
import type { Entry } from "../api/types";
import { t } from "../i18n";
import { useMedia } from "../lib/media";
import { Button, IconButton } from "../ui/Button";
import { Empty } from "../ui/Feedback";
import { ContextMenu, Menu } from "../ui/Menu";
import { type VirtualHandle, VirtualList } from "../ui/VirtualList";
import { useWorkspace } from "../workspace/context";
import { fileMenu, type TreeCommands } from "./fileMenu";
import { join, parentOf, within } from "./paths";
import { type Row, treeKey, typeAhead } from "./tree";
import { NameInput, TreeRow } from "./TreeRow";
import { useDrop } from "./useDrop";
import type { FileActions } from "./useFileActions";
import type { useTree } from "./useTree";

interface TreeBoxProps {
  tree: ReturnType<typeof useTree>;
  actions: FileActions;
  commands: TreeCommands;
  /** The row that keys act on; "" when none. */
  active: string;
  onActive: (path: string) => void;
  /** The path whose name is being typed, or "". */
  renaming: string;
  onRenamed: () => void;
  ref: Ref<HTMLDivElement>;
}

/** The rows of the tree, with keys, menus, and dragging. Focus belongs to the whole (aria-activedescendant). */
export function TreeBox({ tree, actions, commands, active, onActive, renaming, onRenamed, ref }: TreeBoxProps) {
  const { id, file, open } = useWorkspace();
  const { rows } = tree;
  const base = useId();
  const coarse = useMedia("(pointer: coarse)");
  const drop = useDrop(actions);
  const activeIndex = rows.findIndex((row) => row.kind === "entry" && row.path === active);
  const list = useShown(active, activeIndex);
  const rowId = (index: number) => `${base}r${index}`;
  const menuOf = (path: string) => fileMenu(id, path, isFolder(rows, path), commands);
  const key = useKeys(tree, active, onActive, commands);

  const click = (path: string, entry: Entry, keep = false) => {
    onActive(path);
    if (entry.type === "directory") {
      if (keep) return;
      if (rows.some((row) => row.kind === "entry" && row.path === path && row.expanded)) tree.collapse(path);
      else tree.expand(path);
    } else if (entry.type !== "special") open(path, undefined, { preview: !keep });
  };
  const events = {
    onClick: (path: string, entry: Entry) => click(path, entry),
    onKeep: (path: string, entry: Entry) => click(path, entry, true),
    onDragStart: drop.start,
    onDragOver: drop.over,
    onDrop: drop.drop,
  };
  const renamed = (path: string) => (name: string | undefined) => {
    onRenamed();
    if (name !== undefined) void actions.rename(path, name);
  };
  const created = (folder: string, type: "file" | "directory") => (name: string | undefined) => {
    tree.setCreating(undefined);
    onRenamed();
    if (name === undefined) return;
    void actions.create(folder, name, type).then((ok) => {
      if (!ok) return;
      if (type === "file") open(join(folder, name), undefined, { preview: false });
      onActive(join(folder, name));
    });
  };

  const renderRow = (index: number) => {
    const row = rows[index];
    if (!row) return null;
    if (row.kind === "note") return <NoteRow key={row.key} row={row} />;
    if (row.kind === "new") {
      return (
        <PlainRow key={row.key} level={row.level}>
          <NameInput initial="" label={row.type === "file" ? t("files.newFile") : t("files.newFolder")} onDone={created(row.path, row.type)} />
        </PlainRow>
      );
    }
    const { path, entry } = row;
    return (
      <TreeRow
        key={row.key}
        row={row}
        id={rowId(index)}
        active={path === active}
        selected={path === file}
        dropTarget={drop.target !== undefined && drop.target !== "" && within(path, drop.target)}
        state={tree.states.get(path)}
        renaming={renaming === path ? renamed(path) : undefined}
        folder={entry.type === "directory" ? path : parentOf(path)}
        menu={
          <span className="row-menu">
            <Menu trigger={<RowMenuButton name={entry.name} />} groups={menuOf(path)} />
          </span>
        }
        events={events}
      />
    );
  };

  const hasItems = rows.some((row) => row.kind === "entry");
  // Without an item it is no tree, which would be announced with nothing in it.
  const asTree = hasItems && {
    role: "tree",
    "aria-label": t("rail.files"),
    "aria-activedescendant": activeIndex < 0 ? undefined : rowId(activeIndex),
    tabIndex: 0,
    onKeyDown: key,
    onFocus: () => active === "" && rows[0]?.kind === "entry" && onActive(rows[0].path),
  };
  const empty = rows.length === 1 && rows[0]?.kind === "note" && rows[0].note === "empty";
  return (
    <ContextMenu groups={menuOf(renaming === "" ? active : "")}>
      <div
        ref={ref}
        className={`tree scrolls ${drop.target === "" ? "drop" : ""}`}
        {...asTree}
        onContextMenu={(event) => {
          if (event.clientX === 0 && event.clientY === 0) return;
          const row = event.target instanceof Element ? event.target.closest("[data-path]") : null;
          onActive(row?.getAttribute("data-path") ?? "");
        }}
        onDragOver={(event) => drop.over(event, "")}
        onDragLeave={drop.leave}
        onDrop={(event) => drop.drop(event, "")}
      >
        {empty ? <NoFiles commands={commands} /> : null}
        <VirtualList outer ref={list} count={empty ? 0 : rows.length} rowHeight={coarse ? 38 : 26} render={renderRow} />
      </div>
    </ContextMenu>
  );
}

/** Shown in place of a tree without anything in it. */
function NoFiles({ commands }: { commands: TreeCommands }) {
  return (
    <Empty icon={FolderOpen} text={t("files.none")}>
      <Button icon={Upload} onClick={() => commands.pick("files", "")}>
        {t("files.upload")}
      </Button>
    </Empty>
  );
}

export function isFolder(rows: readonly Row[], path: string): boolean {
  return rows.some((row) => row.kind === "entry" && row.path === path && row.entry.type === "directory");
}

/** Scrolls to the active row once it is there. */
function useShown(active: string, index: number): Ref<VirtualHandle> {
  const list = useRef<VirtualHandle>(null);
  const shown = useRef("");
  useEffect(() => {
    if (active === shown.current || index < 0) return;
    shown.current = active;
    list.current?.show(index);
  }, [active, index]);
  return list;
}

/** Letters typed within this many ms of each other are one word. */
const sameWord = 700;

function useKeys({ rows, expand, collapse }: TreeBoxProps["tree"], active: string, onActive: (path: string) => void, commands: TreeCommands) {
  const { open } = useWorkspace();
  const typed = useRef({ text: "", at: 0 });
  return (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const move = treeKey(rows, active, event.key, 12);
    if (move) {
      event.preventDefault();
      if ("to" in move) onActive(move.to);
      else if ("expand" in move) expand(move.expand);
      else if ("collapse" in move) collapse(move.collapse);
      else open(move.open, undefined, { preview: false });
    } else if (event.key === "F2" && active !== "") commands.rename(active);
    else if (event.key === "Delete" && active !== "") commands.remove(active);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const now = Date.now();
      typed.current = { text: now - typed.current.at < sameWord ? typed.current.text + event.key : event.key, at: now };
      const found = typeAhead(rows, active, typed.current.text);
      if (found !== undefined) onActive(found);
    }
  };
}

function PlainRow({ level, className = "", children }: { level: number; className?: string; children: ReactNode }) {
  return (
    <div className={`tree-row ${className}`} style={{ paddingLeft: 8 + (level - 1) * 14 }} role="presentation">
      <span className="tree-gap" />
      {children}
    </div>
  );
}

function NoteRow({ row }: { row: Row & { kind: "note" } }) {
  return (
    <PlainRow level={row.level} className="quiet">
      {row.note === "error" ? t("files.folderFailed") : row.note === "empty" ? t("files.folderEmpty") : t("state.loading")}
    </PlainRow>
  );
}

function RowMenuButton({ name, ...rest }: { name: string }) {
  return <IconButton {...rest} icon={Ellipsis} label={t("home.more", { name })} tip={false} tabIndex={-1} onClick={(event) => event.stopPropagation()} />;
}
