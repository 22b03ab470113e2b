import type { Align, Block, Cell, Line, ListItem } from "./ast";
import { parseInline } from "./inline";

/** Deeper nesting than this is read as plain paragraphs. */
const maxDepth = 24;

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const heading = /^ {0,3}(#{1,6})(?:[ \t]+|$)/;
const rule = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const marker = /^( {0,3})([-*+]|(\d{1,9})[.)])([ \t]+|$)/;
const quote = /^ {0,3}> ?/;
const note = /^ {0,3}\[\^([\w-]{1,64})\]:[ \t]*/;
const tableRule = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const html = /^ {0,3}<(?:!--|\/?[a-zA-Z][\w-]*(?:[\s/>]|$))/;

/** Reads a Markdown text into blocks. Never fails: what is not understood is text. */
export function parse(source: string): Block[] {
  return parseLines(splitLines(source), 0);
}

function splitLines(source: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < source.length) {
    let end = source.indexOf("\n", start);
    if (end < 0) end = source.length;
    const stop = source[end - 1] === "\r" && end > start ? end - 1 : end;
    lines.push({ text: source.slice(start, stop), start });
    start = end + 1;
  }
  return lines;
}

const blank = (line: Line | undefined) => line === undefined || line.text.trim() === "";
const lineEnd = (line: Line | undefined) => (line ? line.start + line.text.length : 0);

function cut(line: Line, count: number): Line {
  return { text: line.text.slice(count), start: line.start + count };
}

function trimmed(line: Line): Line {
  const text = line.text.trimStart();
  return { text, start: line.start + line.text.length - text.length };
}

/** How many of the line's first characters make up the given number of columns of indentation, or all there are. */
function indentOf(text: string): number {
  return /^[ \t]*/.exec(text)?.[0].replaceAll("\t", "    ").length ?? 0;
}

function dedent(line: Line, columns: number): Line {
  let count = 0;
  let seen = 0;
  while (seen < columns && (line.text[count] === " " || line.text[count] === "\t")) {
    seen += line.text[count] === "\t" ? 4 : 1;
    count++;
  }
  return cut(line, count);
}

interface Cursor {
  lines: readonly Line[];
  at: number;
  depth: number;
}

function parseLines(lines: readonly Line[], depth: number): Block[] {
  const cursor: Cursor = { lines, at: 0, depth };
  const blocks: Block[] = [];
  while (cursor.at < lines.length) {
    if (blank(lines[cursor.at])) {
      cursor.at++;
      continue;
    }
    blocks.push(readBlock(cursor));
  }
  return blocks;
}

function readBlock(c: Cursor): Block {
  const line = c.lines[c.at] as Line;
  const fenced = fence.exec(line.text);
  if (fenced) return readFence(c, fenced);
  if (heading.test(line.text)) return readHeading(c);
  if (rule.test(line.text)) {
    c.at++;
    return { type: "rule", start: line.start, end: lineEnd(line) };
  }
  if (c.depth < maxDepth) {
    if (quote.test(line.text)) return readQuote(c);
    if (marker.test(line.text)) return readList(c);
    if (note.test(line.text)) return readNote(c);
  }
  if (isTable(c)) return readTable(c);
  if (/^ {0,3}\$\$/.test(line.text)) {
    const math = readMath(c);
    if (math) return math;
  }
  if (indentOf(line.text) >= 4) return readIndented(c);
  if (html.test(line.text)) return readHtml(c);
  return readParagraph(c);
}

function readFence(c: Cursor, open: RegExpExecArray): Block {
  const first = c.lines[c.at] as Line;
  const mark = open[1] ?? "```";
  const indent = indentOf(first.text);
  const body: Line[] = [];
  let last = first;
  c.at++;
  while (c.at < c.lines.length) {
    const line = c.lines[c.at] as Line;
    c.at++;
    last = line;
    const close = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line.text)?.[1];
    if (close && close[0] === mark[0] && close.length >= mark.length) break;
    body.push(indent > 0 ? dedent(line, indent) : line);
  }
  return {
    type: "code",
    language: (open[2] ?? "").trim().split(/\s+/)[0] ?? "",
    value: body.map((line) => line.text).join("\n"),
    contentStart: body[0]?.start ?? lineEnd(first) + 1,
    start: first.start,
    end: lineEnd(last),
  };
}

function readHeading(c: Cursor): Block {
  const line = c.lines[c.at] as Line;
  c.at++;
  const open = heading.exec(line.text);
  const content = cut(line, open?.[0].length ?? 0);
  const text = content.text.replace(/(?:^|[ \t]+)#+[ \t]*$/, "").trimEnd();
  return {
    type: "heading",
    level: open?.[1]?.length ?? 1,
    children: parseInline([{ text, start: content.start }]),
    start: line.start,
    end: lineEnd(line),
  };
}

function readQuote(c: Cursor): Block {
  const from = c.at;
  const inner: Line[] = [];
  while (c.at < c.lines.length) {
    const line = c.lines[c.at] as Line;
    const open = quote.exec(line.text);
    if (open) inner.push(cut(line, open[0].length));
    else if (!blank(line) && !blank(inner.at(-1)) && !startsBlock(c)) inner.push(line);
    else break;
    c.at++;
  }
  return { type: "quote", children: parseLines(inner, c.depth + 1), ...span(c, from) };
}

function span(c: Cursor, from: number): { start: number; end: number } {
  return { start: c.lines[from]?.start ?? 0, end: lineEnd(c.lines[c.at - 1]) };
}

function readList(c: Cursor): Block {
  const from = c.at;
  const first = marker.exec((c.lines[c.at] as Line).text);
  const ordered = first?.[3] !== undefined;
  const kind = first?.[2]?.at(-1);
  const items: ListItem[] = [];
  let loose = false;
  while (c.at < c.lines.length) {
    const line = c.lines[c.at] as Line;
    const open = marker.exec(line.text);
    if (!open || (open[3] !== undefined) !== ordered || open[2]?.at(-1) !== kind || rule.test(line.text)) break;
    const item = readItem(c, open);
    items.push(item.item);
    if (item.blankInside) loose = true;
    const next = c.lines[c.at];
    if (item.blankAfter && next && marker.test(next.text)) loose = true;
  }
  return { type: "list", ordered, first: Number(first?.[3] ?? 1), tight: !loose, items, ...span(c, from) };
}

function readItem(c: Cursor, open: RegExpExecArray): { item: ListItem; blankInside: boolean; blankAfter: boolean } {
  const from = c.at;
  const first = c.lines[c.at] as Line;
  const gap = open[4] ?? "";
  const width = (open[1]?.length ?? 0) + (open[2]?.length ?? 1) + (gap.length > 4 || gap === "" ? 1 : gap.length);
  let head = cut(first, Math.min(width, first.text.length));
  const task = /^\[([ xX])\][ \t]+/.exec(head.text);
  if (task) head = cut(head, task[0].length);
  const inner = [head];
  let end = c.at + 1;
  let blanks = 0;
  let blankInside = false;
  c.at++;
  while (c.at < c.lines.length) {
    const line = c.lines[c.at] as Line;
    if (blank(line)) blanks++;
    else if (indentOf(line.text) >= width) {
      if (blanks > 0) blankInside = true;
      for (; blanks > 0; blanks--) inner.push({ text: "", start: line.start });
      inner.push(dedent(line, width));
      end = c.at + 1;
    } else if (blanks === 0 && !startsBlock(c)) {
      inner.push(trimmed(line));
      end = c.at + 1;
    } else break;
    c.at++;
  }
  const blankAfter = c.at > end;
  const item = {
    checked: task ? task[1] !== " " : undefined,
    children: parseLines(inner, c.depth + 1),
    start: (c.lines[from] as Line).start,
    end: lineEnd(c.lines[end - 1]),
  };
  return { item, blankInside, blankAfter };
}

function readNote(c: Cursor): Block {
  const from = c.at;
  const first = c.lines[c.at] as Line;
  const open = note.exec(first.text);
  const inner = [cut(first, open?.[0].length ?? 0)];
  c.at++;
  while (c.at < c.lines.length) {
    const line = c.lines[c.at] as Line;
    if (blank(line) || (indentOf(line.text) < 4 && startsBlock(c))) break;
    inner.push(trimmed(line));
    c.at++;
  }
  return { type: "footnote", id: open?.[1] ?? "", children: parseLines(inner, c.depth + 1), ...span(c, from) };
}

/** Whether the line begins a block that ends a paragraph before it. */
function startsBlock(c: Cursor): boolean {
  const text = c.lines[c.at]?.text ?? "";
  if (fence.test(text) || heading.test(text) || rule.test(text) || quote.test(text) || note.test(text)) return true;
  const item = marker.exec(text);
  return item !== null && text.length > item[0].length && (item[3] === undefined || item[3] === "1");
}

function isTable(c: Cursor): boolean {
  const head = c.lines[c.at]?.text ?? "";
  const under = c.lines[c.at + 1]?.text ?? "";
  return head.includes("|") && under.includes("-") && tableRule.test(under) && splitRow(head).length === splitRow(under).length;
}

/** The cells of a table line as [from, to) in it; a bar after a backslash or inside a code span is text. */
function splitRow(text: string): [number, number][] {
  const cells: [number, number][] = [];
  let from = text.length - text.trimStart().length;
  const stop = text.trimEnd().length;
  if (text[from] === "|") from++;
  let ticks = false;
  for (let i = from; i <= stop; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "`") ticks = !ticks && text.indexOf("`", i + 1) > 0;
    else if ((text[i] === "|" && !ticks) || i === stop) {
      if (i < stop || i > from) cells.push([from, i]);
      from = i + 1;
    }
  }
  return cells;
}

function readRow(line: Line): Cell[] {
  return splitRow(line.text).map(([from, to]) => {
    const raw = line.text.slice(from, to);
    const lead = raw.length - raw.trimStart().length;
    const start = line.start + from + lead;
    const text = raw.trim();
    return { children: parseInline([{ text, start }]), start, end: start + text.length };
  });
}

function readTable(c: Cursor): Block {
  const from = c.at;
  const head = readRow(c.lines[c.at] as Line);
  const under = (c.lines[c.at + 1] as Line).text;
  const align = splitRow(under).map(([a, b]): Align => {
    const mark = under.slice(a, b).trim();
    if (mark.endsWith(":")) return mark.startsWith(":") ? "center" : "right";
    return mark.startsWith(":") ? "left" : undefined;
  });
  c.at += 2;
  const rows: Cell[][] = [];
  while (c.at < c.lines.length && !blank(c.lines[c.at]) && !startsBlock(c)) {
    const row = readRow(c.lines[c.at] as Line).slice(0, head.length);
    const { start } = c.lines[c.at] as Line;
    while (row.length < head.length) row.push({ children: [], start, end: start });
    rows.push(row);
    c.at++;
  }
  return { type: "table", align, head, rows, ...span(c, from) };
}

function readMath(c: Cursor): Block | undefined {
  const from = c.at;
  for (let at = c.at; at < c.lines.length && at < c.at + 200; at++) {
    const text = c.lines[at]?.text.trimEnd() ?? "";
    const opens = at === from ? text.trim().length > 3 : true;
    if (opens && text.endsWith("$$")) {
      const value = c.lines.slice(from, at + 1).map((line) => line.text).join("\n").trim().slice(2, -2).trim();
      c.at = at + 1;
      return { type: "math", value, ...span(c, from) };
    }
  }
  return undefined;
}

function readIndented(c: Cursor): Block {
  const from = c.at;
  const body: Line[] = [];
  let end = c.at;
  while (c.at < c.lines.length) {
    const line = c.lines[c.at] as Line;
    if (!blank(line) && indentOf(line.text) < 4) break;
    body.push(dedent(line, 4));
    c.at++;
    if (!blank(line)) end = c.at;
  }
  c.at = end;
  const value = body.slice(0, end - from).map((line) => line.text).join("\n");
  return { type: "code", language: "", value, contentStart: body[0]?.start ?? 0, ...span(c, from) };
}

function readHtml(c: Cursor): Block {
  const from = c.at;
  while (c.at < c.lines.length && !blank(c.lines[c.at])) c.at++;
  const value = c.lines.slice(from, c.at).map((line) => line.text).join("\n");
  return { type: "html", value, ...span(c, from) };
}

function readParagraph(c: Cursor): Block {
  const from = c.at;
  const lines: Line[] = [trimmed(c.lines[c.at] as Line)];
  c.at++;
  while (c.at < c.lines.length && !blank(c.lines[c.at])) {
    const line = c.lines[c.at] as Line;
    const under = /^ {0,3}(=+|-+)[ \t]*$/.exec(line.text)?.[1];
    if (under) {
      c.at++;
      return { type: "heading", level: under.startsWith("=") ? 1 : 2, children: parseInline(lines), ...span(c, from) };
    }
    if (startsBlock(c) || isTable(c)) break;
    lines.push(trimmed(line));
    c.at++;
  }
  const last = lines.at(-1);
  if (last) last.text = last.text.trimEnd();
  return { type: "paragraph", children: parseInline(lines), ...span(c, from) };
}
