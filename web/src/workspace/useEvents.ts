import { useEffect, useState } from "react";
import { indexStatus, queryClient } from "../api/queries";
import type { IndexStatus } from "../api/types";
import { parentOf } from "../files/paths";

type Connection = "live" | "lost";

function refresh(queryKey: readonly unknown[]): void {
  void queryClient.invalidateQueries({ queryKey });
}

/** Asks again for what a change of files touches. No paths: anything may have changed. */
function filesChanged(id: string, paths: readonly string[] | null): void {
  if (!paths || paths.length > 200) {
    refresh(["workspace", id, "folder"]);
    refresh(["workspace", id, "file"]);
    return;
  }
  for (const folder of new Set(paths.map(parentOf))) refresh(["workspace", id, "folder", folder]);
  for (const path of paths) refresh(["workspace", id, "file", path]);
}

/** Ms before a stream that the server refused is tried again; a mere lost connection the browser takes up by itself. */
const retryAfter = 5000;

/**
 * Keeps the page's picture of a workspace true by the server's event stream. After a gap everything shown is asked
 * for again.
 */
export function useEvents(id: string): Connection {
  const [connection, setConnection] = useState<Connection>("live");
  useEffect(() => {
    let source: EventSource;
    let states: ReturnType<typeof setTimeout> | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let lost = false;
    const onIndex = (event: MessageEvent<string>) => {
      const next = JSON.parse(event.data) as Pick<IndexStatus, "counts" | "chunks" | "syncRunId" | "seq">;
      queryClient.setQueryData(indexStatus(id).queryKey, (old) => (old ? { ...old, ...next } : old));
      // Counts come with the event; which files they are is asked for at most every 700 ms.
      states ??= setTimeout(() => {
        states = undefined;
        refresh(["workspace", id, "states"]);
        refresh(indexStatus(id).queryKey);
      }, 700);
    };
    const connect = () => {
      source = new EventSource(`/api/workspaces/${encodeURIComponent(id)}/events`);
      source.addEventListener("open", () => {
        setConnection("live");
        if (lost) refresh(["workspace", id]);
        lost = false;
      });
      source.addEventListener("error", () => {
        lost = true;
        setConnection("lost");
        if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, retryAfter);
      });
      source.addEventListener("index", onIndex);
      source.addEventListener("files", (event: MessageEvent<string>) => {
        filesChanged(id, (JSON.parse(event.data) as { paths: string[] | null }).paths);
      });
    };
    connect();
    return () => {
      source.close();
      clearTimeout(states);
      clearTimeout(retry);
    };
  }, [id]);
  return connection;
}
