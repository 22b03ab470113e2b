import { useQuery } from "@tanstack/react-query";
import { ChevronsDownUp, Ellipsis, FilePlus, FolderPlus, FolderUp, RefreshCw, Trash, Upload } from "lucide-react";
import { useRef, useState } from "react";
import { api } from "../api/client";
import { t } from "../i18n";
import { IconButton } from "../ui/Button";
import { ErrorState } from "../ui/Feedback";
import { Menu } from "../ui/Menu";
import { notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { copyOf, type TreeCommands } from "./fileMenu";
import { FilterList } from "./FilterList";
import { MoveDialog } from "./MoveDialog";
import { parentOf } from "./paths";
import { TrashDialog } from "./TrashDialog";
import { isFolder, TreeBox } from "./TreeBox";
import { type PickerHandle, UploadPicker } from "./UploadPicker";
import { UploadList } from "./UploadList";
import { useFileActions } from "./useFileActions";
import { useTree } from "./useTree";
import "./files.css";

/** The files of the workspace: a tree, or a list while the filter has words; uploads and the trash below. */
export function FileTree({ name, folder }: { name: string; folder: string }) {
  const { id, file } = useWorkspace();
  const tree = useTree(id, file);
  const actions = useFileActions();
  const [filter, setFilter] = useState("");
  const [active, setActive] = useState(file);
  const [renaming, setRenaming] = useState("");
  const [moving, setMoving] = useState("");
  const [trash, setTrash] = useState(false);
  const picker = useRef<PickerHandle>(null);
  const box = useRef<HTMLDivElement>(null);

  const [lastFile, setLastFile] = useState(file);
  if (file !== lastFile) {
    setLastFile(file);
    if (file !== "") setActive(file);
  }
  const commands: TreeCommands = {
    create: (type, at) => {
      setFilter("");
      if (at !== "") tree.expand(at);
      tree.setCreating({ folder: at, type });
    },
    pick: (what, at) => picker.current?.pick(what, at),
    rename: setRenaming,
    move: setMoving,
    duplicate: (path) => void actions.copy(path, copyOf(path)),
    remove: (path) => void actions.remove(path),
  };
  /** Where something new goes: into the active folder, or beside the active file. */
  const here = active === "" || isFolder(tree.rows, active) ? active : parentOf(active);
  const sync = () => void api.post("/api/workspaces/{id}/sync", { path: { id } }).catch(notifyError);
  return (
    <>
      <header className="pane-head">
        <h2 className="grow ellipsis" title={folder}>
          {name}
        </h2>
        <IconButton icon={FilePlus} label={t("files.newFile")} onClick={() => commands.create("file", here)} />
        <IconButton icon={Upload} label={t("files.upload")} onClick={() => commands.pick("files", here)} />
        <Menu
          trigger={<IconButton icon={Ellipsis} label={t("files.more")} />}
          groups={[
            [
              { label: t("files.newFolder"), icon: FolderPlus, onSelect: () => commands.create("directory", here) },
              { label: t("files.uploadFolder"), icon: FolderUp, onSelect: () => commands.pick("folder", here) },
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
        <TreeBox
          ref={box}
          tree={tree}
          actions={actions}
          commands={commands}
          active={active}
          onActive={setActive}
          renaming={renaming}
          onRenamed={() => {
            setRenaming("");
            box.current?.focus();
          }}
        />
      ) : (
        <FilterList query={filter.trim()} />
      )}
      <UploadList />
      <TrashCount onOpen={() => setTrash(true)} />
      <UploadPicker ref={picker} />
      {moving === "" ? null : <MoveDialog path={moving} onMove={(to) => actions.move(moving, to)} onClose={() => setMoving("")} />}
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
