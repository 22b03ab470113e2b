import { useMemo } from "react";
import { api } from "../api/client";
import { queryClient } from "../api/queries";
import { t } from "../i18n";
import { notify, notifyError, withdraw } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { join, nameOf, parentOf, within } from "./paths";

/** Changes to files, each with its undo where there is one. All of them answer whether it worked. */
export function useFileActions() {
  const { id, moved } = useWorkspace();
  return useMemo(() => {
    const refresh = (...folders: string[]) =>
      Promise.all(
        [...new Set(folders)].map((folder) => queryClient.invalidateQueries({ queryKey: ["workspace", id, "folder", folder] })),
      );
    const attempt = async (work: () => Promise<void>): Promise<boolean> => {
      try {
        await work();
        return true;
      } catch (error) {
        notifyError(error);
        return false;
      }
    };

    const create = (folder: string, name: string, type: "file" | "directory") =>
      attempt(async () => {
        const body = { workspaceId: id, path: join(folder, name) };
        if (type === "directory") await api.post("/api/files/mkdir", { body });
        else await api.post("/api/files/create", { body: { ...body, content: "" } });
        await refresh(folder);
      });

    const relocate = async (from: string, to: string) => {
      if (parentOf(from) === parentOf(to)) {
        await api.post("/api/files/rename", { body: { workspaceId: id, oldPath: from, newPath: to } });
      } else {
        await api.post("/api/files/move", { body: { workspaceId: id, sourcePath: from, destPath: to } });
      }
      moved(from, to);
      await refresh(parentOf(from), parentOf(to));
    };

    const rename = (path: string, name: string) => attempt(() => relocate(path, join(parentOf(path), name)));

    const move = (path: string, folder: string) => {
      const to = join(folder, nameOf(path));
      if (to === path || within(folder, path)) return Promise.resolve(false);
      return attempt(async () => {
        await relocate(path, to);
        notify(t("files.moved", { name: nameOf(path), folder: folder === "" ? "/" : folder }), {
          label: t("action.undo"),
          run: () => void attempt(() => relocate(to, path)),
        });
      });
    };

    const restore = (trashId: string, folder: string) =>
      attempt(async () => {
        const { path } = await api.post("/api/files/trash/restore", { body: { workspaceId: id, trashId } });
        withdraw(trashId);
        await refresh(folder, parentOf(path));
        await queryClient.invalidateQueries({ queryKey: ["workspace", id, "trash"] });
        notify(t("files.restored", { name: nameOf(path) }));
      });

    const remove = (path: string) =>
      attempt(async () => {
        const { trashId } = await api.post("/api/files/delete", { body: { workspaceId: id, path } });
        moved(path, undefined);
        await refresh(parentOf(path));
        await queryClient.invalidateQueries({ queryKey: ["workspace", id, "trash"] });
        notify(t("files.deleted", { name: nameOf(path) }), {
          label: t("action.undo"),
          run: () => void restore(trashId, parentOf(path)),
        }, trashId);
      });

    const copy = (path: string, to: string) =>
      attempt(async () => {
        await api.post("/api/files/copy", { body: { workspaceId: id, sourcePath: path, destPath: to } });
        await refresh(parentOf(to));
      });

    return { create, rename, move, remove, restore, copy, refresh };
  }, [id, moved]);
}

export type FileActions = ReturnType<typeof useFileActions>;
