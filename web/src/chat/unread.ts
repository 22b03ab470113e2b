/** How many files were still being read when a question was asked. The server's answer does not tell, so this device remembers. */
import { indexStatus, queryClient } from "../api/queries";
import { readLocal, writeLocal } from "../lib/local";

const key = "unread";
/** Answers remembered; older ones lose their note. */
const most = 100;

/** The number of files not yet read, as the server knows it now; 0 when it does not say. */
export async function countUnread(workspaceId: string): Promise<number> {
  try {
    const { counts } = await queryClient.fetchQuery({ ...indexStatus(workspaceId), staleTime: 0 });
    return counts.pending;
  } catch {
    return 0;
  }
}

export function rememberUnread(runId: string, count: number): void {
  if (runId === "" || count === 0) return;
  writeLocal(key, [...all().filter(([id]) => id !== runId), [runId, count]].slice(-most));
}

export function unreadOf(runId: string | null | undefined): number {
  return all().find(([id]) => id === runId)?.[1] ?? 0;
}

function all(): (readonly [runId: string, count: number])[] {
  const known = readLocal<unknown>(key, []);
  return Array.isArray(known) ? known.filter((item): item is [string, number] => Array.isArray(item) && typeof item[1] === "number") : [];
}
