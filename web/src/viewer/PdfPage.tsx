import { useEffect, useRef, useState } from "react";
import type { Answer } from "../api/client";
import { t } from "../i18n";
import { type PDFDocumentProxy, TextLayer } from "./pdf";

export interface PageSize {
  /** CSS pixels at 100 %. */
  width: number;
  height: number;
}

type PageBoxes = NonNullable<Answer<"/api/files/boxes", "get">["pages"]>[number];

interface PdfPageProps {
  pdf: PDFDocumentProxy;
  number: number;
  size: PageSize;
  scale: number;
  pixelsPerPoint: number;
  boxes: PageBoxes | undefined;
  onMeasured: (number: number, size: PageSize) => void;
}

/** The largest canvas drawn, in device pixels; beyond it the page is drawn coarser. */
const maxPixels = 12_000_000;

/** One page: its picture, its text for selecting, and the marked words. Drawn only near the view. */
export function PdfPage({ pdf, number, size, scale, pixelsPerPoint, boxes, onMeasured }: PdfPageProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const text = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => setNear(entries.at(-1)?.isIntersecting ?? false), { rootMargin: "800px 0px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (!near) return;
    let live = true;
    let cancel = () => {};
    const draw = async () => {
      const page = await pdf.getPage(number);
      const natural = page.getViewport({ scale: pixelsPerPoint });
      if (!live || !canvas.current || !text.current) return;
      onMeasured(number, { width: natural.width, height: natural.height });
      const viewport = page.getViewport({ scale: scale * pixelsPerPoint });
      const ratio = Math.min(window.devicePixelRatio || 1, Math.sqrt(maxPixels / (viewport.width * viewport.height)));
      // Drawn beside the page and then copied at once, so that zooming never shows an empty page.
      const sheet = document.createElement("canvas");
      sheet.width = Math.floor(viewport.width * ratio);
      sheet.height = Math.floor(viewport.height * ratio);
      const task = page.render({ canvas: sheet, viewport, transform: [ratio, 0, 0, ratio, 0, 0] });
      cancel = () => task.cancel();
      await task.promise;
      if (!live || !canvas.current || !text.current) return;
      canvas.current.width = sheet.width;
      canvas.current.height = sheet.height;
      canvas.current.getContext("2d")?.drawImage(sheet, 0, 0);
      text.current.replaceChildren();
      const layer = new TextLayer({ textContentSource: page.streamTextContent(), container: text.current, viewport });
      cancel = () => layer.cancel();
      await layer.render();
    };
    draw().then(
      () => setFailed(false),
      // A cancelled drawing is followed by a new one.
      () => live && setFailed(true),
    );
    return () => {
      live = false;
      cancel();
    };
  }, [near, pdf, number, scale, pixelsPerPoint, onMeasured]);

  return (
    <div
      ref={frame}
      className="page"
      data-page={number}
      role="region"
      aria-label={t("viewer.pageNumber", { n: number })}
      style={{ width: size.width * scale, height: size.height * scale }}
    >
      {near ? (
        <>
          <canvas ref={canvas} aria-hidden />
          <div ref={text} className="text-layer" style={{ "--total-scale-factor": scale * pixelsPerPoint } as React.CSSProperties} />
        </>
      ) : null}
      {failed ? <p className="failed">{t("viewer.pageFailed")}</p> : null}
      {boxes?.rects?.map((r, i) => (
        <span
          key={i}
          className="box"
          data-target={i === 0 ? "" : undefined}
          style={{
            left: `${(100 * r.x) / boxes.width}%`,
            top: `${(100 * r.y) / boxes.height}%`,
            width: `${(100 * r.w) / boxes.width}%`,
            height: `${(100 * r.h) / boxes.height}%`,
          }}
        />
      ))}
    </div>
  );
}
