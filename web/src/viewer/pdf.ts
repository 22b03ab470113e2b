/** Opens PDF documents with pdf.js, whose worker is a file of ours. Loaded only when a PDF is shown. */
import { getDocument, PDFWorker, type PDFDocumentLoadingTask } from "pdfjs-dist";
import workerAddress from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { scriptURL } from "../trusted";

export type { PDFDocumentProxy, PDFPageProxy } from "pdfjs-dist";
export { TextLayer } from "pdfjs-dist";

let shared: PDFWorker | undefined;

function worker(): PDFWorker {
  if (!shared || shared.destroyed) {
    shared = PDFWorker.create({ port: new Worker(scriptURL(workerAddress), { type: "module" }) });
  }
  return shared;
}

/** Begins to load a document; pages are fetched as they are needed. */
export function openPdf(url: string): PDFDocumentLoadingTask {
  return getDocument({
    url,
    worker: worker(),
    withCredentials: true,
    cMapUrl: "/pdfjs/cmaps/",
    cMapPacked: true,
    standardFontDataUrl: "/pdfjs/fonts/",
    useWasm: false,
    enableXfa: false,
  });
}
