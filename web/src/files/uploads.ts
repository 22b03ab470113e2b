/** Uploads under way in a workspace, with progress. XMLHttpRequest, because fetch does not tell how much was sent. */
import { useSyncExternalStore } from "react";
import { api, ApiError, apiUrl, isApiError } from "../api/client";
import { queryClient } from "../api/queries";
import { t, tn } from "../i18n";
import { notify, notifyError } from "../ui/Toasts";
import { batches, type Dropped, type Incoming } from "./dropped";
import { join } from "./paths";

export interface Upload {
  id: number;
  workspaceId: string;
  folder: string;
  /** How many files, and the name when it is one. */
  count: number;
  name: string;
  sent: number;
  total: number;
  cancel: () => void;
}
interface Stored {
  name: string;
  path?: string;
  error?: string;
  code?: string;
}

let uploads: readonly Upload[] = [];
let nextId = 1;
const listeners = new Set<() => void>();
function set(next: readonly Upload[]): void {
  uploads = next;
  listeners.forEach((listener) => listener());
}

export function useUploads(): readonly Upload[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => uploads,
  );
}

function formOf(items: readonly Incoming[]): FormData {
  const form = new FormData();
  for (const { file, path } of items) {
    // The field counts for the file right behind it.
    if (path !== file.name) form.append("relativePath", path);
    form.append("files", file, file.name);
  }
  return form;
}

function send(url: string, items: readonly Incoming[], progress: (sent: number) => void, signal: AbortSignal): Promise<Stored[]> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "text";
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onerror = () => reject(new ApiError("network", 0, "The upload was cut off."));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onload = () => {
      let body: unknown;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        body = {};
      }
      if (request.status >= 200 && request.status < 300) return resolve((body as { files?: Stored[] | null }).files ?? []);
      const problem = body as { code?: string; error?: string; requestId?: string };
      reject(new ApiError(problem.code ?? `http_${request.status}`, request.status, problem.error ?? request.statusText, problem.requestId));
    };
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) return reject(new DOMException("cancelled", "AbortError"));
    request.send(formOf(items));
  });
}

/** Says how it went: refused files by name, many of them by number. */
function report(stored: readonly Stored[]): void {
  const failed = stored.filter((file) => file.error !== undefined && file.error !== "");
  const [first] = failed;
  if (failed.length <= 3) {
    for (const file of failed) notifyError(new ApiError(file.code ?? "upload_failed", 400, `${file.name}: ${file.error ?? ""}`));
  } else if (first) {
    notifyError(new ApiError("", 400, tn("upload.failed", failed.length, { name: first.name, error: first.error ?? "" })));
  }
  const done = stored.length - failed.length;
  if (done > 0) notify(tn("upload.done", done));
}

/** Uploads files and folders into a folder. A name that is taken gets a number; nothing is ever replaced. */
export async function upload(workspaceId: string, folder: string, { files, emptyFolders }: Dropped): Promise<void> {
  if (files.length === 0 && emptyFolders.length === 0) return;
  const id = nextId++;
  const total = files.reduce((sum, item) => sum + item.file.size, 0);
  const abort = new AbortController();
  const name = files.length === 1 ? (files[0]?.file.name ?? "") : "";
  set([...uploads, { id, workspaceId, folder, count: files.length, name, sent: 0, total, cancel: () => abort.abort() }]);
  const stored: Stored[] = [];
  let before = 0;
  try {
    for (const path of emptyFolders) await makeFolder(workspaceId, join(folder, path));
    const url = apiUrl("/api/files/upload", undefined, { workspaceId, dir: folder, conflict: "rename" });
    for (const batch of batches(files)) {
      const progress = (sent: number) => set(uploads.map((item) => (item.id === id ? { ...item, sent: before + sent } : item)));
      stored.push(...(await send(url, batch, progress, abort.signal)));
      before += batch.reduce((sum, item) => sum + item.file.size, 0);
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") notify(t("upload.cancelled"));
    else notifyError(error);
  } finally {
    report(stored);
    set(uploads.filter((item) => item.id !== id));
    void queryClient.invalidateQueries({ queryKey: ["workspace", workspaceId, "folder"] });
  }
}

/** Makes a folder and those above it. One that is there already is as good as a new one. */
async function makeFolder(workspaceId: string, path: string): Promise<void> {
  try {
    await api.post("/api/files/mkdir", { body: { workspaceId, path } });
  } catch (error) {
    if (!isApiError(error) || error.status !== 409) notifyError(error);
  }
}
