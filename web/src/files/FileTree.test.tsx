import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { queryClient } from "../api/queries";
import en from "../i18n/en.json";
import { adopt } from "../i18n";
import { renderInWorkspace, serve } from "../test/render";
import { FileTree } from "./FileTree";

const time = "2026-01-01T00:00:00Z";
type Listed = { name: string; path: string; type: string; size: number; modified: string };
const entry = (path: string, type = "file"): Listed => ({ name: path.split("/").at(-1) ?? "", path, type, size: 10, modified: time });
const state = (path: string, state: string, reason: string) => ({
  path, state, reason, detail: "", size: 1, pages: 0, chunks: 0, indexedAt: null, retryAt: null, contentHash: "", notes: null,
});

let disk: Record<string, Listed[]>;
let calls: ReturnType<typeof serve>;

beforeEach(() => {
  adopt("en", en);
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  disk = {
    "": [entry("notes", "directory"), entry("a.md"), entry("broken.pdf"), entry(".env")],
    notes: [entry("notes/log.md")],
  };
  calls = serve({
    "GET /api/files/browse": ({ url }) => ({ path: "", entries: disk[url.searchParams.get("path") ?? ""] ?? [], total: 1, next: null }),
    "GET /api/workspaces/w/index/files": () => ({
      items: [state("broken.pdf", "failed", "malformed"), state(".env", "skipped", "secret"), state("a.md", "indexed", "")],
      total: 3,
      next: null,
    }),
    "GET /api/files/trash": () => ({ items: [], next: null }),
    "POST /api/files/delete": () => ({ trashId: "t1" }),
    "POST /api/files/trash/restore": () => ({ path: "a.md" }),
    "POST /api/files/rename": ({ body }) => ({ path: (body as { newPath: string }).newPath }),
    "POST /api/files/create": () => ({ path: "x", contentHash: "h", size: 0, modified: time }),
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  queryClient.clear();
});

const names = () => screen.getAllByRole("treeitem").map((item) => item.getAttribute("aria-label"));

describe("file tree", () => {
  it("lists folders first with levels and positions, and marks only what is not indexed", async () => {
    renderInWorkspace(<FileTree name="Work" folder="r/work" />);
    await screen.findByRole("treeitem", { name: "a.md" });
    expect(names()).toEqual(["notes", ".env", "a.md", "broken.pdf"]);
    expect(screen.getByRole("treeitem", { name: "a.md" })).toHaveAttribute("aria-posinset", "3");
    expect(await screen.findByRole("img", { name: `Failed: ${en["reason.malformed"]}` })).toBeInTheDocument();
    expect(screen.getByRole("img", { name: `Skipped: ${en["reason.secret"]}` })).toBeInTheDocument();
    expect(within(screen.getByRole("treeitem", { name: "a.md" })).queryByRole("img")).not.toBeInTheDocument();
  });

  it("is walked and opened by keyboard", async () => {
    const { actions } = renderInWorkspace(<FileTree name="Work" folder="r/work" />);
    await screen.findByRole("treeitem", { name: "a.md" });
    screen.getByRole("tree").focus();
    await userEvent.keyboard("{ArrowRight}");
    await screen.findByRole("treeitem", { name: "log.md" });
    await userEvent.keyboard("{ArrowDown}{Enter}");
    expect(actions.open).toHaveBeenCalledWith("notes/log.md", undefined, { preview: false });
    await userEvent.keyboard("{ArrowLeft}{ArrowLeft}");
    expect(names()).not.toContain("log.md");
  });

  it("deletes to the trash and takes it back by undo", async () => {
    const { actions } = renderInWorkspace(<FileTree name="Work" folder="r/work" />);
    await userEvent.click(await screen.findByRole("treeitem", { name: "a.md" }));
    screen.getByRole("tree").focus();
    await userEvent.keyboard("{Delete}");
    await userEvent.click(await screen.findByRole("button", { name: en["action.undo"] }));
    await screen.findByText("“a.md” is back");
    expect(actions.moved).toHaveBeenCalledWith("a.md", undefined);
    expect(calls.filter((c) => c.call.startsWith("POST")).map((c) => [c.call, c.body])).toEqual([
      ["POST /api/files/delete", { workspaceId: "w", path: "a.md" }],
      ["POST /api/files/trash/restore", { workspaceId: "w", trashId: "t1" }],
    ]);
  });

  it("renames in place; Escape and an unchanged name do nothing", async () => {
    const { actions } = renderInWorkspace(<FileTree name="Work" folder="r/work" />);
    await userEvent.click(await screen.findByRole("treeitem", { name: "a.md" }));
    const tree = screen.getByRole("tree");
    tree.focus();
    await userEvent.keyboard("{F2}");
    await userEvent.keyboard("x{Escape}");
    expect(calls.filter((c) => c.call.includes("rename"))).toEqual([]);
    tree.focus();
    await userEvent.keyboard("{F2}b{Enter}");
    await waitFor(() => expect(actions.moved).toHaveBeenCalledWith("a.md", "b.md"));
    expect(calls.find((c) => c.call.includes("rename"))?.body).toEqual({ workspaceId: "w", oldPath: "a.md", newPath: "b.md" });
  });

  it("says why when something is refused, and changes nothing", async () => {
    const { actions } = renderInWorkspace(<FileTree name="Work" folder="r/work" />);
    await userEvent.click(await screen.findByRole("button", { name: en["files.newFile"] }));
    serve({
      "POST /api/files/create": () => new Response('{"code":"exists_here","error":"There is one already."}', { status: 409 }),
    });
    await userEvent.type(screen.getByRole("textbox", { name: en["files.newFile"] }), "a.md{Enter}");
    expect(await screen.findByText("There is one already.")).toBeInTheDocument();
    expect(actions.open).not.toHaveBeenCalled();
  });
});
