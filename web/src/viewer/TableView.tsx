import { type CSSProperties, useMemo } from "react";
import { t } from "../i18n";
import { LazyBlock } from "./LazyBlock";
import { csvRows, type Range, type Row, separatorOf } from "./offsets";

const rowsPerBlock = 100;
const rowHeight = 28;
const number = /^\s*[-+]?[\d.,\s]+(?:[eE][-+]?\d+)?\s*%?\s*$/;

/** Every row is laid out by itself, so the columns' widths are told to all of them: as wide as the longest cell, within bounds. */
function widths(rows: readonly Row[], columns: number): string[] {
  const longest = Array.from({ length: columns }, () => 4);
  for (const { cells } of rows) cells.forEach((cell, c) => (longest[c] = Math.max(longest[c] ?? 0, letters(cell))));
  return longest.map((n) => `calc(${Math.min(n, 40) + 1}ch + 28px)`);
}

/** How wide a text is in narrow letters, about: the letters of East Asia count two. */
function letters(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length && i < 80; i++) if (text.charCodeAt(i) >= 0x2e80) wide++;
  return text.length + wide;
}

/** A CSV text as a table: the first row heads it, numbers stand to the right, the rows of the marked range are marked. */
export function TableView({ text, name, mark }: { text: string; name: string; mark: Range | undefined }) {
  const { head, blocks, numeric, columns } = useMemo(() => {
    const rows = csvRows(text, separatorOf(text, name));
    const body = rows.slice(1);
    const width = rows.reduce((n, row) => Math.max(n, row.cells.length), 0);
    const cut: Row[][] = [];
    for (let i = 0; i < body.length; i += rowsPerBlock) cut.push(body.slice(i, i + rowsPerBlock));
    const sample = body.slice(0, 200);
    return {
      head: rows[0],
      blocks: cut,
      columns: ["64px", ...widths(rows, width)].join(" "),
      numeric: Array.from({ length: width }, (_, c) => sample.length > 0 && sample.every((r) => (r.cells[c] ?? "") === "" || number.test(r.cells[c] ?? ""))),
    };
  }, [text, name]);
  const isMarked = (row: Row) => mark !== undefined && mark.start < row.end && mark.end > row.start;
  if (!head) return null;
  const firstMarked = blocks.flat().find(isMarked);
  return (
    // A scrolling area must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="viewer-table" role="table" aria-label={name} aria-rowcount={blocks.flat().length + 1} tabIndex={0} style={{ "--columns": columns } as CSSProperties}>
      <div role="row" className={`row head ${isMarked(head) ? "marked" : ""}`} aria-rowindex={1}>
        <span role="columnheader" className="number">
          {t("viewer.row")}
        </span>
        {head.cells.map((cell, i) => (
          <span role="columnheader" key={i} className={numeric[i] ? "right" : ""}>
            {cell}
          </span>
        ))}
      </div>
      {blocks.map((rows, b) => (
        <LazyBlock key={b} height={rows.length * rowHeight} force={firstMarked !== undefined && rows.includes(firstMarked)}>
          {() =>
            rows.map((row, r) => (
              <div
                role="row"
                key={row.start}
                className={`row ${isMarked(row) ? "marked" : ""}`}
                aria-rowindex={b * rowsPerBlock + r + 2}
                data-target={row === firstMarked ? "" : undefined}
              >
                <span role="rowheader" className="number">
                  {b * rowsPerBlock + r + 1}
                </span>
                {row.cells.map((cell, i) => (
                  <span role="cell" key={i} className={numeric[i] ? "right" : ""}>
                    {cell}
                  </span>
                ))}
              </div>
            ))
          }
        </LazyBlock>
      ))}
    </div>
  );
}
