import { describe, expect, it } from "vitest";
import type { Entry } from "../api/types";
import { closed, follow, opened } from "../workspace/tabs";
import { ancestors, within } from "./paths";
import { flatten, type Loaded, sorted, treeKey, typeAhead } from "./tree";

const entry = (name: string, type: Entry["type"] = "file"): Entry => ({ name, path: name, type, size: 1, modified: "2026-01-01T00:00:00Z" });
const folders: Record<string, Loaded> = {
  "": { entries: [entry("papers", "directory"), entry("src", "directory"), entry("notes.md")], error: false },
  papers: { entries: [], error: false },
  src: { entries: [entry("deep", "directory"), entry("a.py")], error: false },
};
const rowsOf = (...expanded: string[]) => flatten((path) => folders[path], new Set(expanded), undefined);
const brief = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => `${row.level} ${row.kind === "note" ? row.note : row.kind === "new" ? "new" : row.path}`);

describe("tree", () => {
  it("lists folders first and sorts as people count", () => {
    const names = sorted([entry("b10"), entry("B2"), entry("a"), entry("z", "directory")], new Intl.Collator("en", { numeric: true }));
    expect(names.map((e) => e.name)).toEqual(["z", "a", "B2", "b10"]);
  });

  it("is flat in the order of the screen, with what is loading or empty said", () => {
    expect(brief(rowsOf("papers", "src", "src/deep"))).toEqual([
      "1 papers", "2 empty", "1 src", "2 src/deep", "3 loading", "2 src/a.py", "1 notes.md",
    ]);
    const creating = flatten((path) => folders[path], new Set(["papers"]), { folder: "papers", type: "file" });
    expect(brief(creating).slice(0, 2)).toEqual(["1 papers", "2 new"]);
  });

  it("moves by key as the ARIA tree pattern says", () => {
    const rows = rowsOf("src");
    expect(treeKey(rows, "papers", "ArrowDown")).toEqual({ to: "src" });
    expect(treeKey(rows, "papers", "ArrowRight")).toEqual({ expand: "papers" });
    expect(treeKey(rows, "src", "ArrowRight")).toEqual({ to: "src/deep" });
    expect(treeKey(rows, "src/a.py", "ArrowLeft")).toEqual({ to: "src" });
    expect(treeKey(rows, "src", "ArrowLeft")).toEqual({ collapse: "src" });
    expect(treeKey(rows, "papers", "ArrowLeft")).toBeUndefined();
    expect(treeKey(rows, "notes.md", "ArrowDown")).toEqual({ to: "notes.md" });
    expect(treeKey(rows, "", "ArrowUp")).toEqual({ to: "notes.md" });
    expect(treeKey(rows, "notes.md", "Enter")).toEqual({ open: "notes.md" });
    expect(treeKey(rows, "src", "End")).toEqual({ to: "notes.md" });
    expect(treeKey([], "", "ArrowDown")).toBeUndefined();
  });

  it("finds by typing, going around", () => {
    const rows = rowsOf("src");
    expect(typeAhead(rows, "papers", "s")).toBe("src");
    expect(typeAhead(rows, "src", "s")).toBe("src");
    expect(typeAhead(rows, "notes.md", "p")).toBe("papers");
    expect(typeAhead(rows, "papers", "x")).toBeUndefined();
  });
});

describe("paths and tabs", () => {
  it("knows what is inside of what", () => {
    expect(within("src/a", "src")).toBe(true);
    expect(within("srcs/a", "src")).toBe(false);
    expect(ancestors("a/b/c")).toEqual(["a", "a/b"]);
  });

  it("replaces a preview, keeps what was asked to stay, and follows moves", () => {
    let tabs = opened([], "a", true);
    tabs = opened(tabs, "b", true);
    expect(tabs).toEqual([{ path: "b", preview: true }]);
    tabs = opened(opened(tabs, "b", false), "c", true);
    expect(tabs).toEqual([{ path: "b", preview: false }, { path: "c", preview: true }]);
    expect(closed(tabs, "b", "b")).toEqual({ tabs: [{ path: "c", preview: true }], active: "c" });
    expect(closed(tabs, "b", "c").active).toBe("c");
    expect(closed([], "x", "x")).toEqual({ tabs: [], active: "" });
    expect(follow("src/a.py", "src", "code")).toBe("code/a.py");
    expect(follow("src/a.py", "src", undefined)).toBeUndefined();
    expect(follow("srcs/a.py", "src", undefined)).toBe("srcs/a.py");
  });
});
