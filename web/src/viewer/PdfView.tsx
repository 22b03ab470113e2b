import { useQuery } from "@tanstack/react-query";
import { Minus, Plus } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { api, ApiError, apiUrl } from "../api/client";
import type { Answer } from "../api/client";
import type { ViewerTarget } from "../lib/target";
import { t } from "../i18n";
import { IconButton } from "../ui/Button";
import { ErrorState, Loading } from "../ui/Feedback";
import { openPdf, type PDFDocumentProxy } from "./pdf";
import { PdfPage, type PageSize } from "./PdfPage";

type Boxes = Answer<"/api/files/boxes", "get">;

const zooms = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3];
/** CSS pixels in a PDF point at 100 %. */
const pixelsPerPoint = 96 / 72;

/** A PDF, page below page, with the words of the target marked where they stand on the page. */
export function PdfView(props: PdfViewProps) {
  // Another file, or another version of it, is another document: nothing of the old one stays.
  return <Document key={`${props.path}\n${props.version}`} {...props} />;
}

interface PdfViewProps {
  workspaceId: string;
  path: string;
  version: string;
  target: ViewerTarget | undefined;
}

function Document({ workspaceId, path, version, target }: PdfViewProps) {
  const [pdf, setPdf] = useState<PDFDocumentProxy>();
  const [sizes, setSizes] = useState<PageSize[]>([]);
  const [error, setError] = useState<unknown>();
  const [zoom, setZoom] = useState(0); // 0: as wide as the pane
  const [page, setPage] = useState(1);
  const [width, setWidth] = useState(0);
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);

  useEffect(() => {
    const task = openPdf(apiUrl("/api/files/raw", undefined, { workspaceId, path, v: version }));
    let live = true;
    task.promise
      .then(async (opened) => {
        // All pages get the first one's size until they are looked at: a book would take too long to measure.
        const first = await opened.getPage(1);
        const { width: w, height: h } = first.getViewport({ scale: pixelsPerPoint });
        if (!live) return;
        setSizes(Array.from({ length: opened.numPages }, () => ({ width: w, height: h })));
        setPdf(opened);
      })
      .catch((reason: unknown) => {
        if (live) setError(new ApiError("pdf_unreadable", 0, reason instanceof Error ? reason.message : String(reason)));
      });
    return () => {
      live = false;
      void task.destroy();
    };
  }, [workspaceId, path, version]);

  useEffect(() => {
    if (!scroller) return;
    const observer = new ResizeObserver(() => setWidth(scroller.clientWidth));
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [scroller]);

  const range = target && target.end > target.start ? target : undefined;
  const boxes = useQuery({
    queryKey: ["workspace", workspaceId, "boxes", path, range?.start, range?.end, range?.contentHash],
    queryFn: ({ signal }) =>
      api.get("/api/files/boxes", {
        query: { workspaceId, path, start: range?.start ?? 0, end: range?.end ?? 0, contentHash: range?.contentHash ?? "" },
        signal,
      }),
    enabled: range !== undefined,
    retry: false,
    staleTime: Infinity,
  });

  const first = sizes[0];
  const fit = first && width > 0 ? Math.min(2, Math.max(0.3, (width - 32) / first.width)) : 1;
  const scale = zoom === 0 ? fit : zoom;

  const show = useCallback(
    (number: number) => scroller?.querySelector(`[data-page="${number}"]`)?.scrollIntoView({ block: "start" }),
    [scroller],
  );

  const laidOut = width > 0;
  const marks = boxes.data?.pages;
  const markedPage = marks?.[0]?.page ?? target?.page;
  const boxesKnown = !range || boxes.isFetched;
  // Goes to the target's page at once, and to the words when it is known where they stand.
  useEffect(() => {
    if (!scroller || !laidOut || markedPage === undefined || !target) return;
    show(markedPage);
    if (!boxesKnown) return;
    const frame = requestAnimationFrame(() => scroller.querySelector("[data-target]")?.scrollIntoView({ block: "center" }));
    return () => cancelAnimationFrame(frame);
  }, [scroller, laidOut, markedPage, boxesKnown, target, show]);

  const measured = useCallback((number: number, size: PageSize) => {
    setSizes((old) => {
      const known = old[number - 1];
      if (known && Math.abs(known.width - size.width) < 1 && Math.abs(known.height - size.height) < 1) return old;
      return old.map((s, i) => (i === number - 1 ? size : s));
    });
  }, []);

  if (error) return <ErrorState error={error} />;
  if (!pdf) return <Loading text={t("viewer.openingPdf")} />;
  const step = (by: number) => {
    const nearest = zooms.reduce((best, z, i) => (Math.abs(z - scale) < Math.abs((zooms[best] ?? 1) - scale) ? i : best), 0);
    setZoom(zooms[Math.max(0, Math.min(zooms.length - 1, nearest + by))] ?? 1);
  };
  return (
    <div className="viewer-pdf">
      <div className="viewer-bar">
        <PageField page={page} count={pdf.numPages} onGo={show} />
        <span className="grow" />
        <IconButton icon={Minus} label={t("viewer.zoomOut")} onClick={() => step(-1)} />
        <button type="button" className="zoom" onClick={() => setZoom(0)} title={t("viewer.fitWidth")}>
          {Math.round(scale * 100)} %
        </button>
        <IconButton icon={Plus} label={t("viewer.zoomIn")} onClick={() => step(1)} />
      </div>
      {boxes.error ? <p className="viewer-note">{t("viewer.markFailed")}</p> : null}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling area must be reachable by keyboard */}
      <div className="pages" ref={setScroller} tabIndex={0} role="document" aria-label={path} onScroll={(event) => setPage(pageAt(event.currentTarget))}>
        {sizes.map((size, index) => (
          <PdfPage
            key={index}
            pdf={pdf}
            number={index + 1}
            size={size}
            scale={scale}
            pixelsPerPoint={pixelsPerPoint}
            boxes={marks?.find((m: NonNullable<Boxes["pages"]>[number]) => m.page === index + 1)}
            onMeasured={measured}
          />
        ))}
      </div>
    </div>
  );
}

/** The page in the upper third of the view. */
function pageAt(scroller: HTMLElement): number {
  const line = scroller.scrollTop + scroller.clientHeight / 3;
  let found = 1;
  for (const element of scroller.querySelectorAll<HTMLElement>("[data-page]")) {
    if (element.offsetTop > line) break;
    found = Number(element.dataset["page"]);
  }
  return found;
}

function PageField({ page, count, onGo }: { page: number; count: number; onGo: (page: number) => void }) {
  const [draft, setDraft] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = Number(draft);
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= count) onGo(wanted);
    setDraft(undefined);
  };
  return (
    <form className="page-field" onSubmit={submit}>
      <label>
        <span>{t("viewer.page")}</span>
        <input
          inputMode="numeric"
          value={draft ?? String(page)}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={() => setDraft(undefined)}
        />
      </label>
      <span className="quiet">{t("viewer.ofPages", { n: count })}</span>
    </form>
  );
}
