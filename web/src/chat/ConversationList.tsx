import { useInfiniteQuery } from "@tanstack/react-query";
import { Ellipsis, MessageSquareText, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { conversation, conversations, queryClient } from "../api/queries";
import type { Conversation } from "../api/types";
import { NameInput } from "../files/TreeRow";
import { t } from "../i18n";
import { Button, IconButton } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Empty, ErrorState, Loading, Time } from "../ui/Feedback";
import { Menu } from "../ui/Menu";
import { Spinner } from "../ui/Spinner";
import { notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";

export async function renameConversation(workspaceId: string, id: string, title: string): Promise<void> {
  try {
    await api.patch("/api/conversations/{id}", { path: { id }, body: { title } });
    await queryClient.invalidateQueries({ queryKey: conversation(id).queryKey });
    await queryClient.invalidateQueries({ queryKey: conversations(workspaceId).queryKey });
  } catch (error) {
    notifyError(error);
  }
}

/** All conversations of the workspace, newest first. */
export function ConversationList({ onOpen }: { onOpen: (id: string) => void }) {
  const { id, conversation: current } = useWorkspace();
  const [deleting, setDeleting] = useState<Conversation>();
  const [renaming, setRenaming] = useState("");
  const list = useInfiniteQuery({
    queryKey: [...conversations(id).queryKey, "all"],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/conversations", { query: { workspaceId: id, ...(pageParam === "" ? {} : { cursor: pageParam }) }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
  });
  if (list.isError) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading />;
  const items = list.data.pages.flatMap((page) => page.items ?? []);
  if (items.length === 0) return <Empty icon={MessageSquareText} text={t("chat.noConversations")} />;
  return (
    <div className="conversations">
      <ul className="plain">
        {items.map((item) => (
          <li key={item.id} className={`conversation ${item.id === current ? "selected" : ""}`}>
            {renaming === item.id ? (
              <NameInput
                initial={item.title}
                label={t("chat.title")}
                onDone={(title) => {
                  setRenaming("");
                  if (title !== undefined) void renameConversation(id, item.id, title);
                }}
              />
            ) : (
              <button type="button" className="conversation-open" onClick={() => onOpen(item.id)} aria-current={item.id === current || undefined}>
                <span className="ellipsis">{item.title || t("chat.untitled")}</span>
                <span className="quiet small row">
                  {item.activeRunId ? <Spinner size={12} /> : null}
                  <Time iso={item.updatedAt} />
                </span>
              </button>
            )}
            <Menu
              trigger={<IconButton icon={Ellipsis} label={t("home.more", { name: item.title || t("chat.untitled") })} tip={false} />}
              groups={[
                [{ label: t("action.rename"), icon: Pencil, onSelect: () => setRenaming(item.id) }],
                [{ label: t("chat.delete"), icon: Trash2, danger: true, onSelect: () => setDeleting(item) }],
              ]}
            />
          </li>
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("action.more")}
        </Button>
      ) : null}
      {deleting ? <DeleteDialog item={deleting} onClose={() => setDeleting(undefined)} /> : null}
    </div>
  );
}

export function DeleteDialog({ item, onClose }: { item: Pick<Conversation, "id" | "title">; onClose: () => void }) {
  const { id, conversation: current, openConversation } = useWorkspace();
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await api.delete("/api/conversations/{id}", { path: { id: item.id } });
      if (current === item.id) openConversation("");
      queryClient.removeQueries({ queryKey: conversation(item.id).queryKey });
      await queryClient.invalidateQueries({ queryKey: conversations(id).queryKey });
      onClose();
    } catch (error) {
      notifyError(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("chat.deleteTitle")} onClose={onClose} onSubmit={() => void remove()} submitLabel={t("chat.delete")} danger busy={busy}>
      <p>{t("chat.deleteLead", { title: item.title || t("chat.untitled") })}</p>
    </Dialog>
  );
}
