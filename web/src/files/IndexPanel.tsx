import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { indexStatus, queryClient } from "../api/queries";
import type { FileState, IndexFile } from "../api/types";
import { t, tn } from "../i18n";
import { number, relativeTime } from "../i18n/format";
import { Button } from "../ui/Button";
import { Empty, ErrorState, Loading, Progress, Time } from "../ui/Feedback";
import { notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { nameOf, parentOf } from "./paths";
import { reasonText, stateText } from "./states";
import "./files.css";

const order = ["failed", "pending", "skipped", "indexed"] as const satisfies readonly FileState[];

/** What the index holds and does not hold, file by file with the reason, and a way to sync now. */
export function IndexPanel() {
  const { id } = useWorkspace();
  const status = useQuery(indexStatus(id));
  const [chosen, setChosen] = useState<FileState>();
  const sync = useMutation({
    mutationFn: () => api.post("/api/workspaces/{id}/sync", { path: { id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: indexStatus(id).queryKey }),
    onError: notifyError,
  });
  const counts = status.data?.counts;
  const state = chosen ?? order.find((one) => (counts?.[one] ?? 0) > 0) ?? "indexed";
  const busy = status.data !== undefined && (status.data.busy || status.data.syncRunId !== null || (counts?.pending ?? 0) > 0);
  return (
    <>
      <header className="pane-head">
        <h2 className="grow">{t("left.index")}</h2>
        <Button variant="quiet" icon={RefreshCw} busy={sync.isPending || busy} onClick={() => sync.mutate()}>
          {busy ? t("index.syncing") : t("index.sync")}
        </Button>
      </header>
      {busy && counts ? <Progress value={counts.total - counts.pending} max={counts.total} label={t("index.syncing")} /> : null}
      {status.isError ? <ErrorState error={status.error} compact onRetry={() => void status.refetch()} /> : null}
      {status.data?.missing ? <p className="index-note">{`${t("index.missing")} ${status.data.missing}`}</p> : null}
      {status.data?.paused ? <p className="index-note">{`${t("index.paused")} ${status.data.paused}`}</p> : null}
      {counts ? (
        <div className="index-counts" role="group" aria-label={t("index.byState")}>
          {order.map((one) => (
            <button type="button" key={one} aria-pressed={one === state} onClick={() => setChosen(one)}>
              {stateText(one)} <span className="num">{number(counts[one])}</span>
            </button>
          ))}
        </div>
      ) : null}
      <FileList key={state} state={state} />
      {status.data ? (
        <p className="index-foot num">
          {tn("index.passages", status.data.chunks)}
          {status.data.lastSyncAt ? ` · ${t("status.lastSync", { when: relativeTime(status.data.lastSyncAt) })}` : ""}
          {` · ${status.data.watching ? t("index.watching") : t("status.notWatchingHelp")}`}
        </p>
      ) : null}
    </>
  );
}

function FileList({ state }: { state: FileState }) {
  const { id } = useWorkspace();
  const list = useInfiniteQuery({
    queryKey: ["workspace", id, "states", "list", state],
    queryFn: ({ pageParam, signal }) =>
      api.get("/api/workspaces/{id}/index/files", {
        path: { id },
        query: { state, limit: 200, ...(pageParam === "" ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
  });
  if (list.isError) return <ErrorState error={list.error} compact onRetry={() => void list.refetch()} />;
  if (!list.data) return <Loading />;
  const items = list.data.pages.flatMap((page) => page.items ?? []);
  if (items.length === 0) return <Empty text={t(`index.none.${state}`)} />;
  return (
    <div className="index-list">
      <ul className="plain" aria-label={stateText(state)}>
        {items.map((item) => (
          <FileLine key={item.path} item={item} />
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("action.more")}
        </Button>
      ) : null}
    </div>
  );
}

/** Reasons whose detail tells more than the reason: what is wrong in the file, or which line of a list left it out. */
const adds = new Set(["failed", "malformed", "gitignore", "innoclawignore", "io", "too_large", "binary", "unreadable"]);

function FileLine({ item }: { item: IndexFile }) {
  const { open } = useWorkspace();
  const reason = reasonText(item);
  return (
    <li>
      <button type="button" className="index-file" title={item.path} onClick={() => open(item.path)}>
        <span className="ellipsis">
          {nameOf(item.path)} <span className="quiet small">{parentOf(item.path)}</span>
        </span>
        {reason === "" ? null : <span className="small">{reason}</span>}
        {item.detail && item.detail !== reason && adds.has(item.reason || item.state) ? <span className="quiet small">{item.detail}</span> : null}
        {item.retryAt ? (
          <span className="quiet small">
            {t("index.retry")} <Time iso={item.retryAt} />
          </span>
        ) : null}
        {item.state === "indexed" ? (
          <span className="quiet small num">
            {tn("index.passages", item.chunks)}
            {item.pages > 0 ? ` · ${tn("index.pages", item.pages)}` : ""}
          </span>
        ) : null}
      </button>
    </li>
  );
}
