/** Character offsets of the server (code points) and string indices of the browser (UTF-16 units) are told apart here. */

/** The string index of a code point offset; past the end it is the text's length. */
export function indexOf(text: string, codePoint: number, from = 0, fromCodePoint = 0): number {
  let index = from;
  for (let at = fromCodePoint; at < codePoint && index < text.length; at++) {
    const unit = text.charCodeAt(index);
    index += unit >= 0xd800 && unit < 0xdc00 && index + 1 < text.length ? 2 : 1;
  }
  return index;
}

export interface Range {
  start: number;
  end: number;
}

/** A range of code points as a range of string indices. */
export function toIndices(text: string, start: number, end: number): Range {
  const first = indexOf(text, start);
  return { start: first, end: indexOf(text, Math.max(end, start), first, start) };
}

/** A group of lines: small enough to be laid out at once, large enough that a long file has few of them. */
export interface LineBlock {
  /** 1-based number of the first line. */
  first: number;
  /** String index where the block begins. */
  start: number;
  lines: string[];
}

const linesPerBlock = 200;

/** Cuts a text into blocks of lines. Lines keep no line end; a carriage return before it is dropped from what is shown, not from the count. */
export function lineBlocks(text: string): LineBlock[] {
  const blocks: LineBlock[] = [];
  let block: LineBlock = { first: 1, start: 0, lines: [] };
  let at = 0;
  for (let number = 1; ; number++) {
    const end = text.indexOf("\n", at);
    const stop = end < 0 ? text.length : end + 1;
    if (block.lines.length === linesPerBlock) {
      blocks.push(block);
      block = { first: number, start: at, lines: [] };
    }
    block.lines.push(text.slice(at, stop));
    at = stop;
    if (end < 0 || at === text.length) break;
  }
  blocks.push(block);
  return blocks;
}

export interface Row extends Range {
  cells: string[];
}

const separators = [",", "\t", ";", "|"];

/** The separator that the first lines agree on. */
export function separatorOf(text: string, name: string): string {
  if (name.toLowerCase().endsWith(".tsv")) return "\t";
  const head = text.slice(0, 8192).split("\n").slice(0, 10);
  const counts = separators.map((separator) => Math.min(...head.slice(0, -1).map((line) => line.split(separator).length), 1e9));
  const best = counts.map((n) => (n === 1e9 ? 1 : n));
  const index = best.indexOf(Math.max(...best));
  return best[index] === 1 ? "," : (separators[index] ?? ",");
}

/** The rows of a CSV text (RFC 4180) and where each stands in it. */
export function csvRows(text: string, separator: string): Row[] {
  const rows: Row[] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let start = 0;
  const endRow = (end: number, next: number) => {
    cells.push(cell);
    if (cells.length > 1 || cell !== "") rows.push({ start, end, cells });
    cells = [];
    cell = "";
    start = next;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') {
        cell += '"';
        i++;
      } else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === separator) {
      cells.push(cell);
      cell = "";
    } else if (c === "\n") endRow(i, i + 1);
    else if (c !== "\r" || text[i + 1] !== "\n") cell += c;
  }
  if (start < text.length) endRow(text.length, text.length);
  return rows;
}
