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

/**
 * Keeps the page's picture of a workspace true by the server's event stream. The browser reconnects by itself; after
 * a gap everything shown is asked for again.
 */
export function useEvents(id: string): Connection {
  const [connection, setConnection] = useState<Connection>("live");
  useEffect(() => {
    const source = new EventSource(`/api/workspaces/${encodeURIComponent(id)}/events`);
    let states: ReturnType<typeof setTimeout> | undefined;
    let lost = false;
    source.addEventListener("open", () => {
      setConnection("live");
      if (lost) refresh(["workspace", id]);
      lost = false;
    });
    source.addEventListener("error", () => {
      lost = true;
      setConnection("lost");
    });
    source.addEventListener("index", (event) => {
      const next = JSON.parse(event.data as string) as Pick<IndexStatus, "counts" | "chunks" | "syncRunId" | "seq">;
      queryClient.setQueryData(indexStatus(id).queryKey, (old) => (old ? { ...old, ...next } : old));
      states ??= setTimeout(() => {
        states = undefined;
        refresh(["workspace", id, "states"]);
        if (next.syncRunId === null) refresh(indexStatus(id).queryKey);
      }, 700);
    });
    source.addEventListener("files", (event) => {
      filesChanged(id, (JSON.parse(event.data as string) as { paths: string[] | null }).paths);
    });
    return () => {
      source.close();
      clearTimeout(states);
    };
  }, [id]);
  return connection;
}
