import { useMutation, useQuery } from "@tanstack/react-query";
import { RotateCcw, Trash } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { queryClient } from "../api/queries";
import { t, tn } from "../i18n";
import { bytes } from "../i18n/format";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Empty, ErrorState, Loading, Time } from "../ui/Feedback";
import { withdraw } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { nameOf, parentOf } from "./paths";
import { useFileActions } from "./useFileActions";

/** What was deleted here: to restore, or to delete for good. */
export function TrashDialog({ onClose }: { onClose: () => void }) {
  const { id } = useWorkspace();
  const { restore } = useFileActions();
  const [sure, setSure] = useState(false);
  const trash = useQuery({
    queryKey: ["workspace", id, "trash"],
    queryFn: ({ signal }) => api.get("/api/files/trash", { query: { workspaceId: id }, signal }),
  });
  const items = trash.data?.items ?? [];
  const empty = useMutation({
    mutationFn: () => api.post("/api/files/trash/empty", { body: { workspaceId: id } }),
    onSuccess: async () => {
      setSure(false);
      for (const item of items) withdraw(item.trashId);
      await queryClient.invalidateQueries({ queryKey: ["workspace", id, "trash"] });
    },
  });
  return (
    <Dialog title={t("trash.title")} onClose={onClose} wide>
      {trash.isPending ? <Loading /> : null}
      {trash.isError ? <ErrorState error={trash.error} compact onRetry={() => void trash.refetch()} /> : null}
      {trash.isSuccess && items.length === 0 ? <Empty icon={Trash} text={t("trash.empty")} /> : null}
      {items.length > 0 ? (
        <ul className="trash-list">
          {items.map((item) => (
            <li key={item.trashId} className="row">
              <div className="grow">
                <p className="ellipsis" title={item.path}>
                  {nameOf(item.path)} <span className="quiet">{parentOf(item.path)}</span>
                </p>
                <p className="quiet small">
                  {t("trash.deleted")} <Time iso={item.deletedAt} />
                  {item.type === "directory" ? "" : ` · ${bytes(item.size)}`}
                </p>
              </div>
              <Button icon={RotateCcw} onClick={() => void restore(item.trashId, parentOf(item.path))}>
                {t("trash.restore")}
              </Button>
            </li>
          ))}
        </ul>
      ) : null}
      {empty.isError ? <ErrorState error={empty.error} compact /> : null}
      {items.length === 0 ? null : sure ? (
        <div className="row wrap confirm">
          <span className="grow">{tn("trash.sure", items.length)}</span>
          <Button onClick={() => setSure(false)}>{t("action.cancel")}</Button>
          <Button variant="danger" busy={empty.isPending} onClick={() => empty.mutate()}>
            {t("trash.forGood")}
          </Button>
        </div>
      ) : (
        <div>
          <Button variant="quiet" icon={Trash} onClick={() => setSure(true)}>
            {t("trash.emptyIt")}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
