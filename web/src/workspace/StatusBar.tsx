import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, Laptop, RefreshCw, Send, TriangleAlert, Unplug } from "lucide-react";
import { indexStatus, models } from "../api/queries";
import { t, tn } from "../i18n";
import { relativeTime } from "../i18n/format";
import { Spinner } from "../ui/Spinner";
import { useWorkspace } from "./context";

/** One line on the state of the index and on where text goes; each part leads to its page. */
export function StatusBar({ connection }: { connection: "live" | "lost" }) {
  const { id, showLeft } = useWorkspace();
  const { data } = useQuery(indexStatus(id));
  const counts = data?.counts;
  const busy = data !== undefined && (data.busy || data.syncRunId !== null || (counts?.pending ?? 0) > 0);
  return (
    <footer className="status" aria-label={t("status.name")}>
      <button type="button" onClick={() => showLeft("index")} title={data?.lastSyncAt ? t("status.lastSync", { when: relativeTime(data.lastSyncAt) }) : undefined}>
        {busy ? <Spinner size={12} /> : <CircleCheck size={13} aria-hidden />}
        <span className="num">
          {counts ? tn("status.indexed", counts.indexed) : t("state.loading")}
          {busy && counts ? ` · ${counts.pending > 0 ? tn("index.pending", counts.pending) : t("index.syncing")}` : ""}
        </span>
      </button>
      {counts && counts.failed > 0 ? (
        <button type="button" className="warn" onClick={() => showLeft("index")}>
          <TriangleAlert size={13} aria-hidden />
          <span className="num">{tn("index.failed", counts.failed)}</span>
        </button>
      ) : null}
      {data && !data.watching ? (
        <button type="button" className="warn" onClick={() => showLeft("index")} title={data.watchNote || t("status.notWatchingHelp")}>
          <RefreshCw size={13} aria-hidden />
          {t("status.notWatching")}
        </button>
      ) : null}
      {data?.missing || data?.paused ? (
        <button type="button" className="warn" onClick={() => showLeft("index")} title={data.missing || data.paused}>
          <TriangleAlert size={13} aria-hidden />
          {data.missing ? t("home.missing") : t("status.paused")}
        </button>
      ) : null}
      <span className="grow" />
      {connection === "lost" ? (
        <span className="warn row" role="status">
          <Unplug size={13} aria-hidden />
          {t("status.lost")}
        </span>
      ) : null}
      <ModelLine />
    </footer>
  );
}

/** Which model answers, and whether text leaves this machine for it; `brief` tells only the second. */
export function ModelLine({ brief }: { brief?: boolean }) {
  const { data: model } = useQuery(models);
  if (!model) return null;
  const name = model.provider === "offline" ? t("model.offline") : model.model || model.provider;
  const where = model.leavesMachine ? t("model.goesTo", { host: model.host ?? model.provider }) : t("model.stays");
  return (
    <Link to="/settings/{-$section}" params={{ section: "model" }} title={`${name} · ${where}`} className={`model-line ${model.leavesMachine ? "leaves" : ""}`}>
      {model.leavesMachine ? <Send size={13} aria-hidden /> : <Laptop size={13} aria-hidden />}
      <span className="ellipsis">
        {brief ? where : `${name} · ${where}`}
      </span>
    </Link>
  );
}
