import { useQuery } from "@tanstack/react-query";
import { ChevronsDownUp, Copy, Download, Ellipsis, FilePlus, FolderPlus, Pencil, RefreshCw, Trash, Trash2, Upload as UploadIcon } from "lucide-react";
import { type DragEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { api, apiUrl } from "../api/client";
import type { Entry } from "../api/types";
import { t } from "../i18n";
import { useMedia } from "../lib/media";
import { IconButton } from "../ui/Button";
import { ErrorState } from "../ui/Feedback";
import { ContextMenu, Menu, type MenuGroups } from "../ui/Menu";
import { notifyError } from "../ui/Toasts";
import { type VirtualHandle, VirtualList } from "../ui/VirtualList";
import { useWorkspace } from "../workspace/context";
import { FilterList } from "./FilterList";
import { nameOf, parentOf, within } from "./paths";
import { TrashDialog } from "./TrashDialog";
import { treeKey, typeAhead } from "./tree";
import { NameInput, TreeRow } from "./TreeRow";
import { Uploads } from "./Uploads";
import { upload } from "./uploads";
import { useFileActions } from "./useFileActions";
import { useTree } from "./useTree";
import "./files.css";

const dragType = "application/x-innoclaw-path";

export function FileTree({ name, folder }: { name: string; folder: string }) {
  const { id, file, open } = useWorkspace();
  const tree = useTree(id, file);
  const actions = useFileActions();
  const [filter, setFilter] = useState("");
  const [active, setActive] = useState(file);
  const [renaming, setRenaming] = useState("");
  const [dropFolder, setDropFolder] = useState<string>();
  const [trash, setTrash] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const list = useRef<VirtualHandle>(null);
  const box = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: "", at: 0 });
  const uploadTo = useRef("");
  const base = useId();
  const coarse = useMedia("(pointer: coarse)");
  const rowHeight = coarse ? 38 : 26;
  const { rows } = tree;
  const activeIndex = rows.findIndex((row) => row.kind === "entry" && row.path === active);
  const rowId = (index: number) => `${base}r${index}`;

  const [lastFile, setLastFile] = useState(file);
  if (file !== lastFile) {
    setLastFile(file);
    if (file !== "") setActive(file);
  }
  const shown = useRef("");
  useEffect(() => {
    if (active === shown.current || activeIndex < 0) return;
    shown.current = active;
    list.current?.show(activeIndex);
  }, [active, activeIndex]);

  const isFolder = (path: string) => rows.some((row) => row.kind === "entry" && row.path === path && row.entry.type === "directory");
  /** Where something new goes: into the active folder, or beside the active file. */
  const here = active === "" ? "" : isFolder(active) ? active : parentOf(active);
  const startCreate = (type: "file" | "directory", at = here) => {
    if (at !== "") tree.expand(at);
    tree.setCreating({ folder: at, type });
  };
  const pickFiles = (at = here) => {
    uploadTo.current = at;
    picker.current?.click();
  };

  const click = (path: string, entry: Entry, keep = false) => {
    setActive(path);
    if (entry.type === "directory") {
      if (keep) return;
      if (rows.some((row) => row.kind === "entry" && row.path === path && row.expanded)) tree.collapse(path);
      else tree.expand(path);
    } else if (entry.type !== "special") open(path, undefined, { preview: !keep });
  };

  const key = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const move = treeKey(rows, active, event.key, 12);
    if (move) {
      event.preventDefault();
      if ("to" in move) setActive(move.to);
      else if ("expand" in move) tree.expand(move.expand);
      else if ("collapse" in move) tree.collapse(move.collapse);
      else open(move.open, undefined, { preview: false });
    } else if (event.key === "F2" && active !== "") setRenaming(active);
    else if (event.key === "Delete" && active !== "") void actions.remove(active);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const now = Date.now();
      typed.current = { text: now - typed.current.at < 700 ? typed.current.text + event.key : event.key, at: now };
      const found = typeAhead(rows, active, typed.current.text);
      if (found !== undefined) setActive(found);
    }
  };

  const duplicate = (path: string) => {
    const n = nameOf(path);
    const dot = n.lastIndexOf(".");
    const next = dot > 0 ? `${n.slice(0, dot)} ${t("files.copySuffix")}${n.slice(dot)}` : `${n} ${t("files.copySuffix")}`;
    void actions.copy(path, parentOf(path) === "" ? next : `${parentOf(path)}/${next}`);
  };
  const menuFor = (path: string): MenuGroups => {
    const target = path === "" || isFolder(path) ? path : parentOf(path);
    const create = [
      { label: t("files.newFile"), icon: FilePlus, onSelect: () => startCreate("file", target) },
      { label: t("files.newFolder"), icon: FolderPlus, onSelect: () => startCreate("directory", target) },
      { label: t("files.upload"), icon: UploadIcon, onSelect: () => pickFiles(target) },
    ];
    if (path === "") return [create];
    const href = apiUrl("/api/files/raw", undefined, { workspaceId: id, path, download: true });
    return [
      create,
      [
        { label: t("action.rename"), icon: Pencil, shortcut: "F2", onSelect: () => setRenaming(path) },
        { label: t("files.duplicate"), icon: Copy, onSelect: () => duplicate(path) },
        ...(isFolder(path) ? [] : [{ label: t("files.download"), icon: Download, onSelect: () => location.assign(href) }]),
      ],
      [{ label: t("files.delete"), icon: Trash2, shortcut: "Del", danger: true, onSelect: () => void actions.remove(path) }],
    ];
  };

  const dragOver = (event: DragEvent, folder: string) => {
    const types = event.dataTransfer.types;
    if (!types.includes(dragType) && !types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = types.includes("Files") ? "copy" : "move";
    if (dropFolder !== folder) setDropFolder(folder);
  };
  const drop = (event: DragEvent, folder: string) => {
    event.preventDefault();
    event.stopPropagation();
    setDropFolder(undefined);
    const path = event.dataTransfer.getData(dragType);
    if (path !== "") void actions.move(path, folder);
    else void upload(id, folder, [...event.dataTransfer.files]);
  };
  const sync = () => void api.post("/api/workspaces/{id}/sync", { path: { id } }).catch(notifyError);

  const renderRow = (index: number) => {
    const row = rows[index];
    if (!row) return null;
    const style = { paddingLeft: 8 + (row.level - 1) * 14 };
    if (row.kind === "note") {
      return (
        <div key={row.key} className="tree-row quiet" style={style} role="presentation">
          <span className="tree-gap" />
          {row.note === "error" ? t("files.folderFailed") : row.note === "empty" ? t("files.folderEmpty") : t("state.loading")}
        </div>
      );
    }
    if (row.kind === "new") {
      const done = (name: string | undefined) => {
        tree.setCreating(undefined);
        box.current?.focus();
        if (name === undefined) return;
        const path = row.path === "" ? name : `${row.path}/${name}`;
        void actions.create(row.path, name, row.type).then((ok) => {
          if (ok && row.type === "file") open(path, undefined, { preview: false });
          if (ok) setActive(path);
        });
      };
      return (
        <div key={row.key} className="tree-row" style={style} role="presentation">
          <span className="tree-gap" />
          <NameInput initial="" label={row.type === "file" ? t("files.newFile") : t("files.newFolder")} onDone={done} />
        </div>
      );
    }
    const { path } = row;
    const rename = (name: string | undefined) => {
      setRenaming("");
      box.current?.focus();
      if (name !== undefined) void actions.rename(path, name);
    };
    const target = row.entry.type === "directory" ? path : parentOf(path);
    return (
      <TreeRow
        key={row.key}
        row={row}
        id={rowId(index)}
        active={path === active}
        selected={path === file}
        dropTarget={dropFolder !== undefined && dropFolder !== "" && within(path, dropFolder)}
        state={tree.states.get(path)}
        renaming={renaming === path ? rename : undefined}
        folder={target}
        menu={
          <span className="row-menu">
            <Menu
              trigger={
                <IconButton
                  icon={Ellipsis}
                  label={t("home.more", { name: row.entry.name })}
                  tip={false}
                  tabIndex={-1}
                  onClick={(event) => event.stopPropagation()}
                />
              }
              groups={menuFor(path)}
            />
          </span>
        }
        events={{
          onClick: (p, entry) => click(p, entry),
          onKeep: (p, entry) => click(p, entry, true),
          onDragStart: (event, p) => event.dataTransfer.setData(dragType, p),
          onDragOver: dragOver,
          onDrop: drop,
        }}
      />
    );
  };

  return (
    <>
      <header className="pane-head">
        <h2 className="grow ellipsis" title={folder}>
          {name}
        </h2>
        <IconButton icon={FilePlus} label={t("files.newFile")} onClick={() => startCreate("file")} />
        <IconButton icon={UploadIcon} label={t("files.upload")} onClick={() => pickFiles()} />
        <Menu
          trigger={<IconButton icon={Ellipsis} label={t("files.more")} />}
          groups={[
            [
              { label: t("files.newFolder"), icon: FolderPlus, onSelect: () => startCreate("directory") },
              { label: t("files.collapse"), icon: ChevronsDownUp, onSelect: tree.collapseAll },
              { label: t("index.sync"), icon: RefreshCw, onSelect: sync },
            ],
            [{ label: t("trash.title"), icon: Trash, onSelect: () => setTrash(true) }],
          ]}
        />
      </header>
      <div className="tree-filter">
        <input
          type="search"
          className="input small"
          aria-label={t("files.filter")}
          placeholder={t("files.filterHint")}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      </div>
      {tree.error ? <ErrorState error={tree.error} onRetry={tree.retry} compact /> : null}
      {filter.trim() === "" ? (
        <ContextMenu groups={menuFor(renaming === "" ? active : "")}>
          <div
            ref={box}
            className={`tree ${dropFolder === "" ? "drop" : ""}`}
            role="tree"
            aria-label={t("rail.files")}
            aria-activedescendant={activeIndex < 0 ? undefined : rowId(activeIndex)}
            tabIndex={0}
            onKeyDown={key}
            onFocus={() => active === "" && rows[0]?.kind === "entry" && setActive(rows[0].path)}
            onContextMenu={(event) => {
              if (event.clientX === 0 && event.clientY === 0) return;
              const row = event.target instanceof Element ? event.target.closest("[data-path]") : null;
              setActive(row?.getAttribute("data-path") ?? "");
            }}
            onDragOver={(event) => dragOver(event, "")}
            onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setDropFolder(undefined)}
            onDrop={(event) => drop(event, "")}
          >
            <VirtualList ref={list} count={rows.length} rowHeight={rowHeight} render={renderRow} />
          </div>
        </ContextMenu>
      ) : (
        <FilterList query={filter.trim()} />
      )}
      <Uploads />
      <TrashCount onOpen={() => setTrash(true)} />
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label={t("files.upload")}
        onChange={(event) => {
          void upload(id, uploadTo.current, [...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      {trash ? <TrashDialog onClose={() => setTrash(false)} /> : null}
    </>
  );
}

function TrashCount({ onOpen }: { onOpen: () => void }) {
  const { id } = useWorkspace();
  const { data } = useQuery({
    queryKey: ["workspace", id, "trash"],
    queryFn: ({ signal }) => api.get("/api/files/trash", { query: { workspaceId: id }, signal }),
  });
  const count = data?.items?.length ?? 0;
  if (count === 0) return null;
  return (
    <button type="button" className="trash-line" onClick={onOpen}>
      <Trash size={14} aria-hidden />
      {t("trash.title")}
      <span className="num quiet">{data?.next ? `${count}+` : count}</span>
    </button>
  );
}
