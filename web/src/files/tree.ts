/** The tree as a list of rows, which is what a screen and a screen reader can go through. */
import type { Entry } from "../api/types";
import { join } from "./paths";

export type Row =
  | { kind: "entry"; key: string; path: string; level: number; entry: Entry; expanded: boolean | undefined; pos: number; size: number }
  | { kind: "new"; key: string; path: string; level: number; type: "file" | "directory" }
  | { kind: "note"; key: string; path: string; level: number; note: "loading" | "empty" | "error" };

export interface Loaded {
  entries: readonly Entry[] | undefined;
  error: boolean;
}

const order: Record<string, number> = { directory: 0 };

/** Folders first, then by name as a person would sort: "2" before "10", case aside. */
export function sorted(entries: readonly Entry[], collator: Intl.Collator): Entry[] {
  return entries.toSorted((a, b) => (order[a.type] ?? 1) - (order[b.type] ?? 1) || collator.compare(a.name, b.name));
}

/** The rows to show: the content of "" and, beneath each expanded folder, its content. */
export function flatten(
  folderOf: (path: string) => Loaded | undefined,
  expanded: ReadonlySet<string>,
  creating: { folder: string; type: "file" | "directory" } | undefined,
  folder = "",
  level = 1,
): Row[] {
  const loaded = folderOf(folder);
  const rows: Row[] = [];
  if (creating?.folder === folder) rows.push({ kind: "new", key: `new:${folder}`, path: folder, level, type: creating.type });
  if (!loaded?.entries) {
    rows.push({ kind: "note", key: `note:${folder}`, path: folder, level, note: loaded?.error ? "error" : "loading" });
    return rows;
  }
  if (loaded.entries.length === 0 && rows.length === 0) {
    rows.push({ kind: "note", key: `note:${folder}`, path: folder, level, note: "empty" });
  }
  for (const [index, entry] of loaded.entries.entries()) {
    const path = join(folder, entry.name);
    const isFolder = entry.type === "directory";
    const isOpen = isFolder ? expanded.has(path) : undefined;
    rows.push({ kind: "entry", key: path, path, level, entry, expanded: isOpen, pos: index + 1, size: loaded.entries.length });
    if (isOpen) {
      for (const row of flatten(folderOf, expanded, creating, path, level + 1)) rows.push(row);
    }
  }
  return rows;
}

export type TreeMove =
  | { to: string }
  | { expand: string }
  | { collapse: string }
  | { open: string }
  | undefined;

/** What a key does in the tree, by the ARIA pattern. `active` is the row that has the focus. */
export function treeKey(rows: readonly Row[], active: string, key: string, page = 10): TreeMove {
  const entries = rows.filter((row) => row.kind === "entry");
  const at = entries.findIndex((row) => row.path === active);
  const row = entries[at];
  const to = (index: number): TreeMove => {
    const next = entries[Math.max(0, Math.min(entries.length - 1, index))];
    return next ? { to: next.path } : undefined;
  };
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at < 0 ? entries.length - 1 : at - 1);
    case "PageDown":
      return to(at + page);
    case "PageUp":
      return to(at - page);
    case "Home":
      return to(0);
    case "End":
      return to(entries.length - 1);
    case "ArrowRight":
      if (row?.expanded === false) return { expand: row.path };
      return row?.expanded && entries[at + 1] && (entries[at + 1]?.level ?? 0) > row.level ? to(at + 1) : undefined;
    case "ArrowLeft": {
      if (row?.expanded) return { collapse: row.path };
      const parent = entries.slice(0, Math.max(at, 0)).findLast((other) => other.level < (row?.level ?? 0));
      return parent ? { to: parent.path } : undefined;
    }
    case "Enter":
    case " ":
      if (!row) return undefined;
      if (row.expanded === undefined) return { open: row.path };
      return row.expanded ? { collapse: row.path } : { expand: row.path };
    default:
      return undefined;
  }
}

/** The next entry whose name begins with what was typed, going on behind the active one and around. */
export function typeAhead(rows: readonly Row[], active: string, typed: string): string | undefined {
  const entries = rows.filter((row) => row.kind === "entry");
  const at = entries.findIndex((row) => row.path === active);
  // Another letter of the same word may stay on the row it has found; a first letter moves on.
  const from = typed.length > 1 ? Math.max(at, 0) : at + 1;
  const wanted = typed.toLowerCase();
  return [...entries.slice(from), ...entries.slice(0, from)].find((row) => row.entry.name.toLowerCase().startsWith(wanted))?.path;
}
