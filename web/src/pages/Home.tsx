import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ellipsis, FolderPlus, PanelsTopLeft, Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { indexStatus, queryClient, workspaces } from "../api/queries";
import type { Workspace } from "../api/types";
import { OpenFolder } from "../home/OpenFolder";
import { t, tn } from "../i18n";
import { Rail } from "../shell/Rail";
import { Button, IconButton } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Badge, Empty, ErrorState, Loading, Time } from "../ui/Feedback";
import { TextField } from "../ui/Field";
import { Menu } from "../ui/Menu";
import "../home/home.css";

export default function Home() {
  const list = useQuery(workspaces);
  const [opening, setOpening] = useState(false);
  const all = list.data ?? [];
  return (
    <div className="shell">
      <Rail />
      <main>
        <div className="page">
          <header className="home-head">
            <h1>{t("home.title")}</h1>
            <Button variant="primary" icon={FolderPlus} onClick={() => setOpening(true)}>
              {t("home.open")}
            </Button>
          </header>
          {list.isPending ? <Loading /> : null}
          {list.isError ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : null}
          {list.isSuccess && all.length === 0 ? <Empty icon={PanelsTopLeft} text={t("home.empty")} /> : null}
          {all.length > 0 ? (
            <ul className="workspaces">
              {all.map((item) => (
                <WorkspaceRow key={item.id} item={item} />
              ))}
            </ul>
          ) : null}
        </div>
      </main>
      {opening ? <OpenFolder onClose={() => setOpening(false)} /> : null}
    </div>
  );
}

function IndexLine({ id }: { id: string }) {
  const { data } = useQuery({ ...indexStatus(id), refetchInterval: (query) => (query.state.data?.syncRunId ? 2000 : false) });
  if (!data) return <span className="quiet">&nbsp;</span>;
  const problems = data.counts.failed;
  return (
    <span className="row wrap workspace-index num">
      <span>{tn("home.files", data.counts.indexed)}</span>
      {data.syncRunId ? (
        <Badge tone="accent">{t("index.syncing")}</Badge>
      ) : data.counts.pending > 0 ? (
        <Badge>{tn("index.pending", data.counts.pending)}</Badge>
      ) : null}
      {problems > 0 ? <Badge tone="amber">{tn("index.failed", problems)}</Badge> : null}
    </span>
  );
}

function WorkspaceRow({ item }: { item: Workspace }) {
  const [dialog, setDialog] = useState<"rename" | "remove">();
  return (
    <li className="workspace-row">
      <div className="grow">
        <Link to="/w/$workspaceId" params={{ workspaceId: item.id }} className="workspace-name">
          {item.name}
        </Link>
        <p className="mono quiet ellipsis" title={item.folderPath}>
          {item.folderPath}
        </p>
      </div>
      <div className="workspace-state">{item.missing ? <Badge tone="red">{t("home.missing")}</Badge> : <IndexLine id={item.id} />}</div>
      <div className="workspace-time quiet">{item.lastOpenedAt ? <Time iso={item.lastOpenedAt} /> : t("home.neverOpened")}</div>
      <Menu
        trigger={<IconButton icon={Ellipsis} label={t("home.more", { name: item.name })} className="workspace-more" />}
        groups={[
          [{ label: t("action.rename"), icon: Pencil, onSelect: () => setDialog("rename") }],
          [{ label: t("home.remove"), icon: Trash2, danger: true, onSelect: () => setDialog("remove") }],
        ]}
      />
      {dialog === "rename" ? <RenameDialog item={item} onClose={() => setDialog(undefined)} /> : null}
      {dialog === "remove" ? <RemoveDialog item={item} onClose={() => setDialog(undefined)} /> : null}
    </li>
  );
}

function RenameDialog({ item, onClose }: { item: Workspace; onClose: () => void }) {
  const [name, setName] = useState(item.name);
  const rename = useMutation({
    mutationFn: () => api.patch("/api/workspaces/{id}", { path: { id: item.id }, body: { name: name.trim() } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: workspaces.queryKey });
      onClose();
    },
  });
  return (
    <Dialog
      title={t("home.renameTitle")}
      onClose={onClose}
      onSubmit={() => rename.mutate()}
      submitDisabled={name.trim() === ""}
      busy={rename.isPending}
    >
      <TextField label={t("openFolder.name")} help={t("home.renameHelp")} value={name} onValue={setName} autoFocus />
      {rename.isError ? <ErrorState error={rename.error} compact /> : null}
    </Dialog>
  );
}

function RemoveDialog({ item, onClose }: { item: Workspace; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => api.delete("/api/workspaces/{id}", { path: { id: item.id } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: workspaces.queryKey });
      onClose();
    },
  });
  return (
    <Dialog
      title={t("home.removeTitle", { name: item.name })}
      onClose={onClose}
      onSubmit={() => remove.mutate()}
      submitLabel={t("home.remove")}
      danger
      busy={remove.isPending}
    >
      <p>{t("home.removeGone")}</p>
      <p>{t("home.removeKept", { folder: item.folderPath })}</p>
      {remove.isError ? <ErrorState error={remove.error} compact /> : null}
    </Dialog>
  );
}
