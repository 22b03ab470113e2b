import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { vi } from "vitest";
import { queryClient } from "../api/queries";
import { TipProvider } from "../ui/Tip";
import { Toasts } from "../ui/Toasts";
import { type WorkspaceActions, WorkspaceContext } from "../workspace/context";

/** A part of the workspace page with what it needs around it. Calls to the page are recorded. */
export function renderInWorkspace(element: ReactElement, values: Partial<WorkspaceActions> = {}) {
  const actions: WorkspaceActions = {
    id: "w",
    file: "",
    conversation: "",
    open: vi.fn(),
    moved: vi.fn(),
    openConversation: vi.fn(),
    showLeft: vi.fn(),
    showAsk: vi.fn(),
    ...values,
  };
  const view = render(
    <QueryClientProvider client={queryClient}>
      <TipProvider>
        <WorkspaceContext value={actions}>{element}</WorkspaceContext>
        <Toasts />
      </TipProvider>
    </QueryClientProvider>,
  );
  return { ...view, actions };
}

type Handler = (request: { url: URL; body: unknown }) => unknown;

/** Answers calls to the API from a table "METHOD /path"; what is not in it is 404. Returns what was called. */
export function serve(routes: Record<string, Handler>) {
  const calls: { call: string; query: Record<string, string>; body: unknown }[] = [];
  vi.stubGlobal("fetch", async (address: string, init: RequestInit = {}) => {
    const url = new URL(address, location.origin);
    const call = `${init.method ?? "GET"} ${url.pathname}`;
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    calls.push({ call, query: Object.fromEntries(url.searchParams), body });
    const handler = routes[call];
    if (!handler) return new Response('{"code":"not_found","error":"no such thing"}', { status: 404 });
    const answer = handler({ url, body });
    return answer instanceof Response ? answer : new Response(JSON.stringify(answer));
  });
  return calls;
}
