import { Copy, Download, FilePlus, FolderInput, FolderPlus, FolderUp, Pencil, Trash2, Upload } from "lucide-react";
import { apiUrl } from "../api/client";
import { t } from "../i18n";
import type { MenuGroups } from "../ui/Menu";
import { join, nameOf, parentOf } from "./paths";

/** What can be done from the tree's menus and keys. */
export interface TreeCommands {
  create: (type: "file" | "directory", folder: string) => void;
  /** Lets the person choose files, or one folder, to upload. */
  pick: (what: "files" | "folder", folder: string) => void;
  rename: (path: string) => void;
  move: (path: string) => void;
  duplicate: (path: string) => void;
  remove: (path: string) => void;
}

/** The menu of a file or folder; "" is the workspace's own folder. */
export function fileMenu(workspaceId: string, path: string, isFolder: boolean, commands: TreeCommands): MenuGroups {
  const folder = path === "" || isFolder ? path : parentOf(path);
  const create = [
    { label: t("files.newFile"), icon: FilePlus, onSelect: () => commands.create("file", folder) },
    { label: t("files.newFolder"), icon: FolderPlus, onSelect: () => commands.create("directory", folder) },
    { label: t("files.upload"), icon: Upload, onSelect: () => commands.pick("files", folder) },
    { label: t("files.uploadFolder"), icon: FolderUp, onSelect: () => commands.pick("folder", folder) },
  ];
  if (path === "") return [create];
  const href = apiUrl("/api/files/raw", undefined, { workspaceId, path, download: true });
  return [
    create,
    [
      { label: t("action.rename"), icon: Pencil, shortcut: "F2", onSelect: () => commands.rename(path) },
      { label: t("files.move"), icon: FolderInput, onSelect: () => commands.move(path) },
      { label: t("files.duplicate"), icon: Copy, onSelect: () => commands.duplicate(path) },
      ...(isFolder ? [] : [{ label: t("files.download"), icon: Download, onSelect: () => location.assign(href) }]),
    ],
    [{ label: t("files.delete"), icon: Trash2, shortcut: "Del", danger: true, onSelect: () => commands.remove(path) }],
  ];
}

/** Where a copy of a file or folder goes that is made beside it. */
export function copyOf(path: string): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf(".");
  const next = dot > 0 ? `${name.slice(0, dot)} ${t("files.copySuffix")}${name.slice(dot)}` : `${name} ${t("files.copySuffix")}`;
  return join(parentOf(path), next);
}
