import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Command, Files, type LucideIcon, MessageSquareText, Search as SearchIcon, SquareDashed } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { api, isApiError } from "../api/client";
import { workspace as workspaceQuery, workspaces, queryClient } from "../api/queries";
import { AskPanel } from "../chat/AskPanel";
import { FileTree } from "../files/FileTree";
import { IndexPanel } from "../files/IndexPanel";
import { t } from "../i18n";
import { useLocal } from "../lib/local";
import { mod, narrow, useMedia } from "../lib/media";
import type { ViewerTarget } from "../lib/target";
import type { WorkspaceSearch } from "../router";
import { Missing } from "./Fallbacks";
import { SearchPanel } from "../search/SearchPanel";
import { Rail, type RailItem } from "../shell/Rail";
import { Empty, ErrorState, Loading } from "../ui/Feedback";
import { type LeftView, type Pane, type WorkspaceActions, WorkspaceContext } from "../workspace/context";
import { Splitter } from "../workspace/Splitter";
import { StatusBar } from "../workspace/StatusBar";
import { TabBar } from "../workspace/TabBar";
import { closed, follow, opened, type Tab } from "../workspace/tabs";
import { useEvents } from "../workspace/useEvents";
import "../workspace/workspace.css";

const FileViewer = lazy(() => import("../viewer").then((module) => ({ default: module.FileViewer })));
const loadPalette = () => import("../palette/Palette");
const Palette = lazy(loadPalette);

export default function Workspace() {
  const { workspaceId } = useParams({ from: "/inside/w/$workspaceId" });
  const query = useQuery(workspaceQuery(workspaceId));
  useEffect(() => {
    void api
      .post("/api/workspaces/{id}/open", { path: { id: workspaceId } })
      .then(() => queryClient.invalidateQueries({ queryKey: workspaces.queryKey, exact: true }))
      .catch(() => {});
  }, [workspaceId]);
  useEffect(() => {
    if (query.data) document.title = `${query.data.name} · InnoClaw`;
    return () => {
      document.title = "InnoClaw";
    };
  }, [query.data]);
  if (query.isError && (!query.data || isApiError(query.error, "not_found"))) {
    return (
      <div className="shell">
        <Rail />
        <main className="page">
          {isApiError(query.error, "not_found") ? (
            <Missing title={t("page.noWorkspace")} lead={t("page.noWorkspaceLead")} />
          ) : (
            <ErrorState error={query.error} onRetry={() => void query.refetch()} />
          )}
        </main>
      </div>
    );
  }
  if (!query.data) return <Loading />;
  return <WorkspacePage key={workspaceId} id={workspaceId} name={query.data.name} folder={query.data.folderPath} />;
}

/** The open files, remembered on this device; the address says which one is looked at. */
function useTabs(id: string, file: string, show: (search: Partial<WorkspaceSearch>, replace?: boolean) => void) {
  const [tabs, setTabs] = useLocal<Tab[]>(`tabs.${id}`, []);
  // A file named by the address has a tab, however the address came about.
  const shown = useMemo(() => (file === "" ? tabs : opened(tabs, file, true)), [tabs, file]);
  return {
    tabs: shown,
    open: (path: string, preview: boolean) => setTabs(opened(shown, path, preview)),
    close: (path: string) => {
      const next = closed(shown, path, file);
      setTabs(next.tabs);
      if (next.active !== file) show({ file: next.active || undefined }, true);
    },
    moved: (from: string, to: string | undefined) => {
      const next = shown.flatMap((tab) => {
        const path = follow(tab.path, from, to);
        return path === undefined ? [] : [{ ...tab, path }];
      });
      setTabs(next);
      const active = file === "" ? file : follow(file, from, to);
      if (active !== file) show({ file: active ?? next.at(-1)?.path }, true);
    },
  };
}

function WorkspacePage({ id, name, folder }: { id: string; name: string; folder: string }) {
  const search = useSearch({ from: "/inside/w/$workspaceId" });
  const navigate = useNavigate({ from: "/w/$workspaceId" });
  const connection = useEvents(id);
  const isNarrow = useMedia(narrow);
  const [left, setLeft] = useLocal<LeftView>("left", "files");
  const [leftOpen, setLeftOpen] = useLocal("leftOpen", true);
  const [askOpen, setAskOpen] = useLocal("askOpen", true);
  const [leftWidth, setLeftWidth] = useLocal("leftWidth", 264);
  const [askWidth, setAskWidth] = useLocal("askWidth", 420);
  const [wide, setWide] = useState(false);
  const [pane, setPane] = useState<Pane>(search.file === undefined ? "ask" : "view");
  const [palette, setPalette] = useState(false);
  const [visit, setVisit] = useState(0);
  const file = search.file ?? "";

  const show = useCallback(
    (next: Partial<WorkspaceSearch>, replace = false) => {
      void navigate({
        search: (old) => ({
          c: old.c,
          ...("c" in next ? {} : { cite: undefined }),
          ...("file" in next || !("c" in next) ? {} : { file: old.file, start: old.start, end: old.end, line: old.line, page: old.page, hash: old.hash }),
          ...next,
        }),
        replace,
      });
    },
    [navigate],
  );
  const tabs = useTabs(id, file, show);

  const showLeft = (view: LeftView) => {
    setLeft(view);
    setLeftOpen(true);
    setPane("left");
  };
  const actions: WorkspaceActions = {
    id,
    file,
    open: (path, target, options) => {
      tabs.open(path, options?.preview ?? true);
      setVisit((n) => n + 1);
      setPane("view");
      setWide(false);
      show({
        file: path,
        ...(target
          ? { start: target.start, end: target.end, line: target.line, page: target.page, hash: target.contentHash || undefined, cite: target.citationId }
          : {}),
      });
    },
    moved: tabs.moved,
    conversation: search.c ?? "",
    openConversation: (c, cite) => show({ c: c === "" ? undefined : c, cite }),
    showLeft,
    showAsk: () => {
      setAskOpen(true);
      setPane("ask");
    },
  };

  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPalette(true);
      }
    };
    addEventListener("keydown", key);
    // Fetched ahead of need, so that letters typed right behind the shortcut are not lost.
    void loadPalette();
    return () => removeEventListener("keydown", key);
  }, []);

  const toggleLeft = (view: LeftView) => (leftOpen && left === view && !isNarrow ? setLeftOpen(false) : showLeft(view));
  const item = (icon: LucideIcon, label: string, pressed: boolean, onClick: () => void, shortcut?: string): RailItem => ({
    icon,
    label,
    pressed,
    onClick,
    ...(shortcut ? { shortcut } : {}),
  });
  const leftShown = isNarrow ? pane === "left" : leftOpen;
  const items = [
    item(Files, t("rail.files"), leftShown && left === "files", () => toggleLeft("files")),
    item(SearchIcon, t("rail.search"), leftShown && left === "search", () => toggleLeft("search")),
    ...(isNarrow ? [item(SquareDashed, t("rail.viewer"), pane === "view", () => setPane("view"))] : []),
    item(MessageSquareText, t("rail.ask"), isNarrow ? pane === "ask" : askOpen, () =>
      isNarrow || !askOpen ? actions.showAsk() : setAskOpen(false),
    ),
    ...(isNarrow ? [] : [item(Command, t("rail.palette"), palette, () => setPalette(true), `${mod}K`)]),
  ];

  const target = useMemo<ViewerTarget | undefined>(() => {
    if (search.start === undefined && search.line === undefined && search.page === undefined) return undefined;
    return {
      start: search.start ?? 0,
      end: search.end ?? search.start ?? 0,
      ...(search.line ? { line: search.line } : {}),
      ...(search.page ? { page: search.page } : {}),
      contentHash: search.hash ?? "",
      ...(search.cite ? { citationId: search.cite } : {}),
    };
    // Asked again for the same place, the viewer is to go there again.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [search.start, search.end, search.line, search.page, search.hash, search.cite, visit]);

  const citation = useMemo(
    () => (search.cite === undefined ? undefined : { id: search.cite, path: file, start: search.start ?? 0 }),
    [search.cite, file, search.start],
  );

  const leftPane = (
    <section className="pane left" aria-label={t(`left.${left}`)} style={isNarrow ? undefined : { width: leftWidth }}>
      {left === "files" ? <FileTree name={name} folder={folder} /> : left === "search" ? <SearchPanel /> : <IndexPanel />}
    </section>
  );
  const viewPane = (
    <section className="pane view" aria-label={t("rail.viewer")}>
      <TabBar
        tabs={tabs.tabs}
        active={file}
        onSelect={(path) => show({ file: path })}
        onKeep={(path) => tabs.open(path, false)}
        onClose={tabs.close}
      />
      <div className="viewer" id="viewer" {...(file === "" ? {} : { role: "tabpanel", "aria-label": file })}>
        {file === "" ? (
          <Empty icon={Files} text={t("viewer.none")} />
        ) : (
          <Suspense fallback={<Loading />}>
            <FileViewer key={file} workspaceId={id} path={file} {...(target ? { target } : {})} onNavigate={actions.open} />
          </Suspense>
        )}
      </div>
    </section>
  );
  const askPane = (
    <section className={`pane ask ${wide ? "wide" : ""}`} aria-label={t("rail.ask")} style={isNarrow || wide ? undefined : { width: askWidth }}>
      <AskPanel wide={wide} onWide={isNarrow ? undefined : setWide} citation={citation} />
    </section>
  );

  return (
    <WorkspaceContext value={actions}>
      <div className="shell">
        <Rail items={items} />
        <div className="shell-main workspace">
          <main className="panes">
            <h1 className="visually-hidden">{name}</h1>
            {isNarrow ? (
              pane === "left" ? leftPane : pane === "view" ? viewPane : askPane
            ) : (
              <>
                {leftOpen ? (
                  <>
                    {leftPane}
                    <Splitter label={t("split.left")} value={leftWidth} min={180} max={520} onChange={setLeftWidth} />
                  </>
                ) : null}
                {wide && askOpen ? null : viewPane}
                {askOpen ? (
                  <>
                    {wide ? null : <Splitter label={t("split.right")} value={askWidth} min={320} max={900} right onChange={setAskWidth} />}
                    {askPane}
                  </>
                ) : null}
              </>
            )}
          </main>
          {!isNarrow || pane === "left" ? <StatusBar connection={connection} /> : null}
        </div>
      </div>
      {palette ? (
        <Suspense>
          <Palette onClose={() => setPalette(false)} />
        </Suspense>
      ) : null}
    </WorkspaceContext>
  );
}
