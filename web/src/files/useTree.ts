import { useQueries } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { folder, folderStates } from "../api/queries";
import type { IndexFile } from "../api/types";
import { locale } from "../i18n";
import { useLocal } from "../lib/local";
import { ancestors } from "./paths";
import { flatten, type Loaded, type Row, sorted } from "./tree";

export interface Creating {
  folder: string;
  type: "file" | "directory";
}

/** The tree of a workspace: which folders are open, their content, and the index states of their files. */
export function useTree(id: string, file: string) {
  const [open, setOpen] = useLocal<readonly string[]>(`expanded.${id}`, []);
  const [creating, setCreating] = useState<Creating>();
  const expanded = useMemo(() => new Set(open), [open]);
  const wanted = useMemo(() => ["", ...open.filter((path) => ancestors(path).every((above) => expanded.has(above)))], [open, expanded]);
  const contents = useQueries({ queries: wanted.map((path) => folder(id, path)) });
  const stateLists = useQueries({ queries: wanted.map((path) => folderStates(id, path)) });

  const loaded = new Map<string, Loaded>();
  const collator = useMemo(() => new Intl.Collator(locale(), { numeric: true, sensitivity: "base" }), []);
  const sortedOf = useSorted(collator);
  contents.forEach((query, index) => {
    loaded.set(wanted[index] ?? "", { entries: query.data ? sortedOf(query.data) : undefined, error: query.isError });
  });
  const states = new Map<string, IndexFile>();
  for (const list of stateLists) for (const item of list.data?.items ?? []) states.set(item.path, item);
  const rows: Row[] = flatten((path) => loaded.get(path), expanded, creating);

  const expand = useCallback((path: string) => setOpen([...new Set([...open, path])]), [open, setOpen]);
  const collapse = useCallback((path: string) => setOpen(open.filter((other) => other !== path)), [open, setOpen]);

  // A file opened from elsewhere is shown in the tree: the folders above it open.
  const revealed = useRef("");
  useEffect(() => {
    if (file === "" || file === revealed.current) return;
    revealed.current = file;
    const missing = ancestors(file).filter((path) => !open.includes(path));
    if (missing.length > 0) setOpen([...open, ...missing]);
  }, [file, open, setOpen]);

  const retry = () => contents.filter((query) => query.isError).forEach((query) => void query.refetch());
  return { rows, states, expand, collapse, collapseAll: () => setOpen([]), creating, setCreating, retry, error: contents[0]?.error };
}

/** Sorting a folder of ten thousand is done once per answer of the server, not per render. */
function useSorted(collator: Intl.Collator) {
  const [cache] = useState(() => new WeakMap<object, ReturnType<typeof sorted>>());
  return (entries: Parameters<typeof sorted>[0]) => {
    const known = cache.get(entries);
    if (known) return known;
    const next = sorted(entries, collator);
    cache.set(entries, next);
    return next;
  };
}
