/** What is asked of the server and how long an answer stays good. Keys start with the thing they belong to. */
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { api, isApiError } from "./client";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && (!isApiError(error) || error.status === 0 || error.status >= 502),
    },
  },
});

export const authState = queryOptions({
  queryKey: ["auth", "state"],
  queryFn: ({ signal }) => api.get("/api/auth/state", { signal }),
});
export const me = queryOptions({
  queryKey: ["auth", "me"],
  queryFn: ({ signal }) => api.get("/api/auth/me", { signal }),
  staleTime: 60_000,
});
export const capabilities = queryOptions({
  queryKey: ["capabilities"],
  queryFn: ({ signal }) => api.get("/api/capabilities", { signal }),
  staleTime: 60_000,
});
export const workspaces = queryOptions({
  queryKey: ["workspaces"],
  queryFn: ({ signal }) => api.get("/api/workspaces", { signal }),
});
export const workspace = (id: string) =>
  queryOptions({
    queryKey: ["workspace", id],
    queryFn: ({ signal }) => api.get("/api/workspaces/{id}", { path: { id }, signal }),
  });
export const indexStatus = (id: string) =>
  queryOptions({
    queryKey: ["workspace", id, "index"],
    queryFn: ({ signal }) => api.get("/api/workspaces/{id}/index", { path: { id }, signal }),
  });
/** One folder, whole: pages of 5000 are fetched until there are no more. */
export const folder = (workspaceId: string, path: string) =>
  queryOptions({
    queryKey: ["workspace", workspaceId, "folder", path],
    queryFn: async ({ signal }) => {
      const query = { workspaceId, path, limit: 5000 };
      const first = await api.get("/api/files/browse", { query, signal });
      const entries = [...(first.entries ?? [])];
      for (let next = first.next; next; ) {
        const page = await api.get("/api/files/browse", { query: { ...query, cursor: next }, signal });
        entries.push(...(page.entries ?? []));
        next = page.next;
      }
      return entries;
    },
  });
/** The index states of the files directly in one folder. */
export const folderStates = (id: string, dir: string) =>
  queryOptions({
    queryKey: ["workspace", id, "states", dir],
    queryFn: ({ signal }) =>
      api.get("/api/workspaces/{id}/index/files", { path: { id }, query: { dir, limit: 1000 }, signal }),
  });
export const conversations = (workspaceId: string) =>
  queryOptions({
    queryKey: ["workspace", workspaceId, "conversations"],
    queryFn: ({ signal }) => api.get("/api/conversations", { query: { workspaceId }, signal }),
  });
export const conversation = (id: string) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: ({ signal }) => api.get("/api/conversations/{id}", { path: { id }, signal }),
    staleTime: 0,
  });
export const models = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => api.get("/api/models", { signal }),
  staleTime: 60_000,
});
export const settings = queryOptions({
  queryKey: ["settings"],
  queryFn: ({ signal }) => api.get("/api/settings", { signal }),
});
