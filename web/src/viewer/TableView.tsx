import { useMemo } from "react";
import { t } from "../i18n";
import { LazyBlock } from "./LazyBlock";
import { csvRows, type Range, type Row, separatorOf } from "./offsets";

const rowsPerBlock = 100;
const rowHeight = 28;
const number = /^\s*[-+]?[\d.,\s]+(?:[eE][-+]?\d+)?\s*%?\s*$/;

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
      columns: width,
      numeric: Array.from({ length: width }, (_, c) => sample.length > 0 && sample.every((r) => (r.cells[c] ?? "") === "" || number.test(r.cells[c] ?? ""))),
    };
  }, [text, name]);
  const isMarked = (row: Row) => mark !== undefined && mark.start < row.end && mark.end > row.start;
  if (!head) return null;
  const firstMarked = blocks.flat().find(isMarked);
  const template = { gridTemplateColumns: `56px repeat(${columns}, minmax(72px, max-content))` };
  return (
    // A scrolling area must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="viewer-table" role="table" aria-label={name} aria-rowcount={blocks.flat().length + 1} tabIndex={0}>
      <div role="row" className={`row head ${isMarked(head) ? "marked" : ""}`} style={template} aria-rowindex={1}>
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
                style={template}
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
