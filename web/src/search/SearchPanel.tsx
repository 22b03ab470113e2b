import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Hit } from "../api/types";
import { FileIcon } from "../files/FileIcon";
import { nameOf, parentOf } from "../files/paths";
import { t, tn } from "../i18n";
import { useLocal } from "../lib/local";
import { Empty, ErrorState, Loading } from "../ui/Feedback";
import { useWorkspace } from "../workspace/context";
import { snippet } from "./snippet";
import "./search.css";

function useDebounced(value: string, ms: number): string {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return late;
}

/** Search over the passages of the workspace. The words stay while the pane is closed. */
export function SearchPanel() {
  const { id } = useWorkspace();
  const [words, setWords] = useLocal(`search.${id}`, "");
  const q = useDebounced(words.trim(), 150);
  const found = useQuery({
    queryKey: ["workspace", id, "search", q],
    queryFn: ({ signal }) => api.get("/api/search", { query: { workspaceId: id, q, k: 50 }, signal }),
    enabled: q !== "",
    placeholderData: keepPreviousData,
  });
  const hits = q === "" ? [] : (found.data?.hits ?? []);
  const groups = new Map<string, Hit[]>();
  for (const hit of hits) groups.set(hit.path, [...(groups.get(hit.path) ?? []), hit]);
  return (
    <>
      <header className="pane-head">
        <h2>{t("left.search")}</h2>
      </header>
      <div className="tree-filter">
        <input
          type="search"
          className="input small"
          aria-label={t("search.label")}
          placeholder={t("search.hint")}
          value={words}
          autoFocus
          onChange={(event) => setWords(event.target.value)}
        />
      </div>
      {found.isError ? <ErrorState error={found.error} compact onRetry={() => void found.refetch()} /> : null}
      <div className="search-results">
        {q === "" ? (
          <Empty text={t("search.empty")} />
        ) : found.isPending ? (
          <Loading />
        ) : hits.length === 0 && found.data ? (
          <Empty text={tn("search.none", found.data.searched.files)} />
        ) : (
          <>
            <p className="quiet small search-count num" role="status">
              {tn("search.found", hits.length)} · {tn("search.inFiles", groups.size)}
            </p>
            {[...groups].map(([path, list]) => (
              <section key={path} aria-label={path}>
                <h3 className="row" title={path}>
                  <FileIcon name={nameOf(path)} />
                  <span className="ellipsis">{nameOf(path)}</span>
                  <span className="quiet small ellipsis">{parentOf(path)}</span>
                </h3>
                {list.map((hit) => (
                  <HitRow key={`${hit.start}-${hit.end}`} hit={hit} />
                ))}
              </section>
            ))}
          </>
        )}
      </div>
    </>
  );
}

/** "p. 4" or "line 12"; nothing when there is neither. */
export function placeText(place: { page?: number | undefined; line?: number | undefined }): string {
  if (place.page) return t("place.page", { page: place.page });
  return place.line ? t("place.line", { line: place.line }) : "";
}

function HitRow({ hit }: { hit: Hit }) {
  const { open } = useWorkspace();
  const first = hit.highlights?.[0];
  const go = () =>
    open(hit.path, {
      start: hit.start + (first?.[0] ?? 0),
      end: first ? hit.start + (first[1] ?? 0) : hit.end,
      ...(hit.page ? { page: hit.page } : {}),
      ...(hit.line ? { line: hit.line } : {}),
      contentHash: hit.contentHash,
    });
  return (
    <button type="button" className="hit" onClick={go}>
      <span className="row quiet small">
        <span className="grow ellipsis">{hit.breadcrumb}</span>
        <span className="num">{placeText(hit)}</span>
      </span>
      <span className="hit-text">
        {snippet(hit.text, hit.highlights).map((piece, index) => (piece.hit ? <mark key={index}>{piece.text}</mark> : piece.text))}
      </span>
    </button>
  );
}
