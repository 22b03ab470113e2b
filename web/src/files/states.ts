import type { FileState, IndexFile } from "../api/types";
import { t, tMaybe } from "../i18n";

/** Why a file is in its state, in words: ours for a known reason, with the server's detail behind it. */
export function reasonText(file: Pick<IndexFile, "reason" | "detail">): string {
  const own = file.reason === "" ? undefined : tMaybe(`reason.${file.reason}`);
  if (own === undefined) return file.detail || file.reason;
  return own;
}

export function stateText(state: FileState): string {
  return t(`fileState.${state}`);
}
