import { useQuery } from "@tanstack/react-query";
import { CornerLeftUp, Folder, FolderOpen } from "lucide-react";
import { useState } from "react";
import { folder as folderQuery } from "../api/queries";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { ErrorState, Loading } from "../ui/Feedback";
import { useWorkspace } from "../workspace/context";
import { join, nameOf, parentOf, within } from "./paths";

/** Chooses the folder that a file or folder moves into, for those who do not drag. */
export function MoveDialog({ path, onMove, onClose }: { path: string; onMove: (folder: string) => Promise<boolean>; onClose: () => void }) {
  const { id } = useWorkspace();
  const [at, setAt] = useState(parentOf(path));
  const [busy, setBusy] = useState(false);
  const content = useQuery(folderQuery(id, at));
  // A folder cannot go into itself.
  const folders = (content.data ?? []).filter((entry) => entry.type === "directory" && !within(join(at, entry.name), path));
  const submit = async () => {
    setBusy(true);
    const moved = await onMove(at);
    if (moved) onClose();
    else setBusy(false);
  };
  return (
    <Dialog
      title={t("files.moveTitle", { name: nameOf(path) })}
      onClose={onClose}
      onSubmit={() => void submit()}
      submitLabel={t("files.moveHere")}
      submitDisabled={at === parentOf(path)}
      busy={busy}
    >
      <div className="picker">
        <div className="picker-path">
          <FolderOpen size={16} aria-hidden />
          <span className="mono ellipsis" title={`/${at}`}>{`/${at}`}</span>
        </div>
        <ul aria-label={t("openFolder.list")}>
          {at === "" ? null : (
            <li>
              <button type="button" onClick={() => setAt(parentOf(at))}>
                <CornerLeftUp size={16} aria-hidden />
                {t("openFolder.up")}
              </button>
            </li>
          )}
          {folders.map((entry) => (
            <li key={entry.name}>
              <button type="button" onClick={() => setAt(join(at, entry.name))}>
                <Folder size={16} aria-hidden />
                <span className="grow ellipsis">{entry.name}</span>
              </button>
            </li>
          ))}
        </ul>
        {content.isPending ? <Loading /> : null}
        {content.isError ? <ErrorState error={content.error} compact onRetry={() => void content.refetch()} /> : null}
        {content.isSuccess && folders.length === 0 ? <p className="quiet picker-none">{t("openFolder.noFolders")}</p> : null}
      </div>
    </Dialog>
  );
}
