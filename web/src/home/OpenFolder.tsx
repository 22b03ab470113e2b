import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CornerLeftUp, Folder, FolderOpen } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { queryClient, workspaces } from "../api/queries";
import { t } from "../i18n";
import { Dialog } from "../ui/Dialog";
import { Empty, ErrorState, Loading } from "../ui/Feedback";
import { Field, Select, TextField } from "../ui/Field";

const baseName = (path: string) => path.split("/").findLast((part) => part !== "") ?? path;

/** Chooses a folder under one of the server's roots, or names a new one, and opens it as a workspace. */
export function OpenFolder({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const roots = useQuery({ queryKey: ["roots"], queryFn: ({ signal }) => api.get("/api/roots", { signal }) });
  const [chosenRoot, setRoot] = useState<string>();
  const [path, setPath] = useState("");
  const [newFolder, setNewFolder] = useState("");
  const [name, setName] = useState("");
  const root = chosenRoot ?? roots.data?.[0]?.name;
  const writable = roots.data?.find((r) => r.name === root)?.writable ?? false;
  const folders = useQuery({
    queryKey: ["folders", root, path],
    queryFn: ({ signal }) => api.get("/api/roots/folders", { query: { root: root ?? "", path }, signal }),
    enabled: root !== undefined,
  });
  const target = [root, path, newFolder.trim()].filter((part) => part !== undefined && part !== "").join("/");
  const suggested = newFolder.trim() || baseName(path) || root || "";
  const open = useMutation({
    mutationFn: () =>
      api.post("/api/workspaces", {
        body: { name: name.trim() || suggested, folderPath: target, ...(newFolder.trim() === "" ? {} : { create: true }) },
      }),
    onSuccess: async (workspace) => {
      await queryClient.invalidateQueries({ queryKey: workspaces.queryKey });
      await navigate({ to: "/w/$workspaceId", params: { workspaceId: workspace.id } });
    },
  });
  const list = folders.data?.folders ?? [];
  return (
    <Dialog
      title={t("openFolder.title")}
      onClose={onClose}
      onSubmit={() => open.mutate()}
      submitLabel={t("openFolder.submit")}
      submitDisabled={root === undefined}
      busy={open.isPending}
    >
      <p className="quiet">{t("openFolder.lead")}</p>
      {roots.isError ? <ErrorState error={roots.error} compact onRetry={() => void roots.refetch()} /> : null}
      {roots.data?.length === 0 ? <Empty icon={Folder} text={t("openFolder.noRoots")} /> : null}
      {(roots.data?.length ?? 0) > 1 ? (
        <Field label={t("openFolder.root")}>
          {(ids) => (
            <Select
              {...ids}
              value={root}
              onValue={(value) => {
                setRoot(value);
                setPath("");
              }}
            >
              {roots.data?.map((r) => <option key={r.name}>{r.name}</option>)}
            </Select>
          )}
        </Field>
      ) : null}
      {root === undefined ? null : (
        <div className="picker">
          <div className="picker-path">
            <FolderOpen size={16} aria-hidden />
            <span className="mono ellipsis" title={`${root}/${path}`}>
              {path === "" ? root : `${root}/${path}`}
            </span>
          </div>
          <ul aria-label={t("openFolder.list")}>
            {path === "" ? null : (
              <li>
                <button type="button" onClick={() => setPath(path.split("/").slice(0, -1).join("/"))}>
                  <CornerLeftUp size={16} aria-hidden />
                  {t("openFolder.up")}
                </button>
              </li>
            )}
            {list.map((folder) => (
              <li key={folder.path}>
                <button type="button" onClick={() => setPath(path === "" ? folder.name : `${path}/${folder.name}`)}>
                  <Folder size={16} aria-hidden />
                  <span className="grow ellipsis">{folder.name}</span>
                  {folder.workspaceId ? <span className="quiet small">{t("openFolder.isWorkspace")}</span> : null}
                </button>
              </li>
            ))}
          </ul>
          {folders.isPending ? <Loading /> : null}
          {folders.isError ? <ErrorState error={folders.error} compact onRetry={() => void folders.refetch()} /> : null}
          {folders.isSuccess && list.length === 0 ? <p className="quiet picker-none">{t("openFolder.noFolders")}</p> : null}
        </div>
      )}
      {writable ? (
        <TextField label={t("openFolder.newFolder")} help={t("openFolder.newFolderHelp")} value={newFolder} onValue={setNewFolder} />
      ) : null}
      <TextField label={t("openFolder.name")} value={name} onValue={setName} placeholder={suggested} />
      {open.isError ? <ErrorState error={open.error} compact /> : null}
    </Dialog>
  );
}
