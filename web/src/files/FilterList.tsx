import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue } from "react";
import { api } from "../api/client";
import { t } from "../i18n";
import { Empty, ErrorState, Loading } from "../ui/Feedback";
import { VirtualList } from "../ui/VirtualList";
import { useWorkspace } from "../workspace/context";
import { FileIcon } from "./FileIcon";
import { nameOf, parentOf } from "./paths";
import { StateMark } from "./TreeRow";

/** The files of the whole workspace whose path has the given words. */
export function useFilesNamed(id: string, query: string, limit: number) {
  const q = useDeferredValue(query);
  return useQuery({
    queryKey: ["workspace", id, "states", "named", q, limit],
    queryFn: ({ signal }) => api.get("/api/workspaces/{id}/index/files", { path: { id }, query: { q, limit }, signal }),
    placeholderData: keepPreviousData,
    enabled: q !== "",
  });
}

export function FilterList({ query }: { query: string }) {
  const { id, file, open } = useWorkspace();
  const found = useFilesNamed(id, query, 500);
  const items = found.data?.items ?? [];
  if (found.isError) return <ErrorState error={found.error} compact onRetry={() => void found.refetch()} />;
  if (!found.data) return <Loading />;
  if (items.length === 0) return <Empty text={t("files.noMatch", { query })} />;
  return (
    <div className="tree" role="list" aria-label={t("files.filter")}>
      <VirtualList
        count={items.length}
        rowHeight={38}
        render={(index) => {
          const item = items[index];
          if (!item) return null;
          return (
            <div role="listitem" key={item.path} aria-posinset={index + 1} aria-setsize={items.length}>
              <button
                type="button"
                className={`found-row ${item.path === file ? "selected" : ""}`}
                title={item.path}
                onClick={() => open(item.path)}
                onDoubleClick={() => open(item.path, undefined, { preview: false })}
              >
                <FileIcon name={nameOf(item.path)} />
                <span className="grow">
                  <span className="ellipsis">{nameOf(item.path)}</span>
                  <span className="ellipsis quiet small">{parentOf(item.path) || "/"}</span>
                </span>
                <StateMark file={item} />
              </button>
            </div>
          );
        }}
      />
    </div>
  );
}
