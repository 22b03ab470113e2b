/** Uploads under way in a workspace, with progress. XMLHttpRequest, because fetch does not tell how much was sent. */
import { useSyncExternalStore } from "react";
import { ApiError, apiUrl } from "../api/client";
import { queryClient } from "../api/queries";
import { t, tn } from "../i18n";
import { notify, notifyError } from "../ui/Toasts";

export interface Upload {
  id: number;
  workspaceId: string;
  folder: string;
  names: readonly string[];
  sent: number;
  total: number;
  cancel: () => void;
}
interface Answer {
  files: { name: string; path?: string; error?: string; code?: string }[] | null;
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

function send(url: string, files: readonly File[], progress: (sent: number) => void, started: (request: XMLHttpRequest) => void): Promise<Answer> {
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
      if (request.status >= 200 && request.status < 300) return resolve(body as Answer);
      const problem = body as { code?: string; error?: string; requestId?: string };
      reject(new ApiError(problem.code ?? `http_${request.status}`, request.status, problem.error ?? request.statusText, problem.requestId));
    };
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    started(request);
    request.send(form);
  });
}

/** Uploads files into a folder. A name that is taken gets a number; nothing is ever replaced. */
export async function upload(workspaceId: string, folder: string, files: readonly File[]): Promise<void> {
  if (files.length === 0) return;
  const id = nextId++;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const change = (values: Partial<Upload>) => set(uploads.map((item) => (item.id === id ? { ...item, ...values } : item)));
  set([...uploads, { id, workspaceId, folder, names: files.map((file) => file.name), sent: 0, total, cancel: () => {} }]);
  try {
    const url = apiUrl("/api/files/upload", undefined, { workspaceId, dir: folder, conflict: "rename" });
    const answer = await send(url, files, (sent) => change({ sent }), (request) => change({ cancel: () => request.abort() }));
    const failed = (answer.files ?? []).filter((file) => file.error !== undefined && file.error !== "");
    for (const file of failed) notifyError(new ApiError(file.code ?? "upload_failed", 400, `${file.name}: ${file.error ?? ""}`));
    const done = (answer.files ?? []).length - failed.length;
    if (done > 0) notify(tn("upload.done", done));
  } catch (error) {
    if (error instanceof DOMException) notify(t("upload.cancelled"));
    else notifyError(error);
  } finally {
    set(uploads.filter((item) => item.id !== id));
    void queryClient.invalidateQueries({ queryKey: ["workspace", workspaceId, "folder", folder] });
  }
}
