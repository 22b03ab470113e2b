import type { Inline, Line } from "./ast";

interface Delimiter {
  node: Inline & { type: "text" };
  char: string;
  count: number;
  canOpen: boolean;
  canClose: boolean;
}

const punctuation = /[\p{P}\p{S}]/u;
const space = /\s/u;
const entities: Record<string, string> = {
  amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "©", mdash: "—", ndash: "–", hellip: "…",
  times: "×", deg: "°", plusmn: "±", le: "≤", ge: "≥", ne: "≠", micro: "µ", middot: "·", rarr: "→", larr: "←",
};

/** Reads the lines of one paragraph, heading or cell. Line ends become single spaces in the rendered text. */
export function parseInline(lines: readonly Line[]): Inline[] {
  const scanner = new Scanner(lines);
  return scanner.run();
}

class Scanner {
  private readonly text: string;
  private readonly starts: { at: number; start: number }[] = [];
  private pos = 0;
  private nodes: Inline[] = [];
  private delimiters: Delimiter[] = [];
  /** Text that stands for a mark until it is paired; other text is not joined to it. */
  private fixed = new Set<Inline>();
  private brackets: { index: number; image: boolean; delimiters: number; pos: number }[] = [];

  constructor(lines: readonly Line[]) {
    let at = 0;
    for (const line of lines) {
      this.starts.push({ at, start: line.start });
      at += line.text.length + 1;
    }
    this.text = lines.map((line) => line.text).join("\n");
  }

  /** Where a position of the joined lines stands in the source. */
  private source(pos: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle]?.at ?? 0) <= pos) low = middle;
      else high = middle - 1;
    }
    const line = this.starts[low];
    return line ? line.start + pos - line.at : pos;
  }

  private push(node: Inline): void {
    this.nodes.push(node);
  }

  private pushText(from: number, to: number, value = this.text.slice(from, to)): void {
    if (to <= from) return;
    const start = this.source(from);
    const last = this.nodes.at(-1);
    const plain = value.length === to - from;
    if (plain && last?.type === "text" && last.end === start && last.value.length === last.end - last.start && !this.fixed.has(last)) {
      last.value += value;
      last.end = start + value.length;
      return;
    }
    this.push({ type: "text", value, start, end: this.source(to - 1) + 1 });
  }

  run(): Inline[] {
    const special = /[\\`*_~[\]!\n&$]/g;
    while (this.pos < this.text.length) {
      special.lastIndex = this.pos;
      const match = special.exec(this.text);
      const next = match ? match.index : this.text.length;
      if (next > this.pos) {
        this.pushText(this.pos, next);
        this.pos = next;
      }
      if (match) this.special(match[0]);
    }
    this.emphasis(0);
    return this.nodes;
  }

  private special(char: string): void {
    switch (char) {
      case "\\":
        return this.escape();
      case "`":
        return this.code();
      case "$":
        return this.math();
      case "\n":
        return this.lineEnd();
      case "&":
        return this.entity();
      case "!":
        if (this.text[this.pos + 1] === "[") return this.openBracket(true);
        return this.literal(1);
      case "[":
        return this.openBracket(false);
      case "]":
        return this.closeBracket();
      default:
        return this.delimiter(char);
    }
  }

  private literal(length: number): void {
    this.pushText(this.pos, this.pos + length);
    this.pos += length;
  }

  private escape(): void {
    const next = this.text[this.pos + 1];
    if (next === "\n") {
      this.push({ type: "break", start: this.source(this.pos), end: this.source(this.pos) + 1 });
      this.pos += 2;
    } else if (next !== undefined && /[!-/:-@[-`{-~]/.test(next)) {
      this.pushText(this.pos, this.pos + 2, next);
      this.pos += 2;
    } else this.literal(1);
  }

  private code(): void {
    const run = /^`+/.exec(this.text.slice(this.pos, this.pos + 64))?.[0] ?? "`";
    let from = this.pos + run.length;
    for (;;) {
      const at = this.text.indexOf(run, from);
      if (at < 0) return this.literal(run.length);
      let end = at + run.length;
      while (this.text[end] === "`") end++;
      if (end - at === run.length) {
        let value = this.text.slice(this.pos + run.length, at).replaceAll("\n", " ");
        let start = this.pos + run.length;
        if (/^ .*[^ ].* $|^ [^ ] $/.test(value)) {
          value = value.slice(1, -1);
          start++;
        }
        this.push({ type: "code", value, start: this.source(start), end: this.source(start) + value.length });
        this.pos = end;
        return;
      }
      from = end;
    }
  }

  private math(): void {
    const match = /^\$\$([^$]+)\$\$|^\$(?![\s\d])([^$\n]*[^\s$\\])\$(?!\d)/.exec(this.text.slice(this.pos, this.pos + 2000));
    if (!match) return this.literal(1);
    const value = match[1] ?? match[2] ?? "";
    this.push({ type: "math", value, start: this.source(this.pos), end: this.source(this.pos + match[0].length - 1) + 1 });
    this.pos += match[0].length;
  }

  private lineEnd(): void {
    const last = this.nodes.at(-1);
    const hard = last?.type === "text" && last.value.endsWith("  ");
    const start = this.source(this.pos - 1) + 1;
    if (hard) this.push({ type: "break", start, end: start + 1 });
    else this.push({ type: "text", value: this.joins() ? "" : " ", start, end: this.source(this.pos + 1) });
    this.pos++;
  }

  /** Chinese and Japanese lines join without a space. */
  private joins(): boolean {
    const cjk = /[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]/;
    return cjk.test(this.text[this.pos - 1] ?? "") && cjk.test(this.text[this.pos + 1] ?? "");
  }

  private entity(): void {
    const match = /^&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z]{2,8}));/.exec(this.text.slice(this.pos, this.pos + 12));
    if (!match) return this.literal(1);
    const point = match[1] ? Number(match[1]) : match[2] ? Number.parseInt(match[2], 16) : undefined;
    const named = entities[match[3] ?? ""];
    if (point === undefined && named === undefined) return this.literal(1);
    const value = named ?? (point && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : "\ufffd");
    this.pushText(this.pos, this.pos + match[0].length, value);
    this.pos += match[0].length;
  }

  private openBracket(image: boolean): void {
    const length = image ? 2 : 1;
    if (!image) {
      const cite = /^\[\^([\w-]{1,64})\]/.exec(this.text.slice(this.pos, this.pos + 70));
      if (cite) {
        const start = this.source(this.pos);
        this.push({ type: "cite", id: cite[1] ?? "", start, end: start + cite[0].length });
        this.pos += cite[0].length;
        return;
      }
    }
    const start = this.source(this.pos);
    this.brackets.push({ index: this.nodes.length, image, delimiters: this.delimiters.length, pos: this.pos });
    const node: Inline = { type: "text", value: this.text.slice(this.pos, this.pos + length), start, end: start + length };
    this.fixed.add(node);
    this.push(node);
    this.pos += length;
  }

  private closeBracket(): void {
    const open = this.brackets.pop();
    if (!open) return this.literal(1);
    const rest = this.text.slice(this.pos, this.pos + 2100);
    const match = /^\]\(\s*(?:<([^<>\n]*)>|((?:[^\s()\\]|\\.|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(rest);
    if (!match) return this.literal(1);
    const address = (match[1] ?? match[2] ?? "").replace(/\\([!-/:-@[-`{-~])/g, "$1");
    this.emphasis(open.delimiters);
    const children = this.nodes.splice(open.index).slice(1);
    const span = { start: this.source(open.pos), end: this.source(this.pos + match[0].length - 1) + 1 };
    if (open.image) this.push({ type: "image", src: address, alt: plainText(children), ...span });
    else {
      this.push({ type: "link", href: address, children, ...span });
      // no link inside a link
      this.brackets = this.brackets.filter((bracket) => bracket.image);
    }
    this.pos += match[0].length;
  }

  private delimiter(char: string): void {
    let count = 1;
    while (this.text[this.pos + count] === char) count++;
    const before = this.text[this.pos - 1] ?? " ";
    const after = this.text[this.pos + count] ?? " ";
    const left = !space.test(after) && (!punctuation.test(after) || space.test(before) || punctuation.test(before));
    const right = !space.test(before) && (!punctuation.test(before) || space.test(after) || punctuation.test(after));
    const start = this.source(this.pos);
    const node = { type: "text" as const, value: char.repeat(count), start, end: start + count };
    this.fixed.add(node);
    this.push(node);
    this.pos += count;
    if (char === "~" && count !== 2) return;
    const canOpen = char === "_" ? left && (!right || punctuation.test(before)) : left;
    const canClose = char === "_" ? right && (!left || punctuation.test(after)) : right;
    if (canOpen || canClose) this.delimiters.push({ node, char, count, canOpen, canClose });
  }

  /** Pairs the delimiter runs above the given height of the stack, innermost first. */
  private emphasis(bottom: number): void {
    const floor = new Map<string, number>();
    let index = bottom;
    while (index < this.delimiters.length) {
      const closer = this.delimiters[index];
      if (!closer?.canClose || closer.count === 0) {
        index++;
        continue;
      }
      let at = index - 1;
      const lowest = Math.max(bottom, floor.get(closer.char) ?? bottom);
      while (at >= lowest && !this.pairs(this.delimiters[at], closer)) at--;
      const opener = at >= lowest ? this.delimiters[at] : undefined;
      if (!opener) {
        floor.set(closer.char, closer.canOpen ? lowest : index);
        index++;
        continue;
      }
      this.wrap(opener, closer);
      const between = index - at - 1;
      this.delimiters.splice(at + 1, between);
      index -= between;
      if (opener.count === 0) {
        this.delimiters.splice(at, 1);
        index--;
      }
      if (closer.count === 0) this.delimiters.splice(index, 1);
    }
    this.delimiters.length = Math.min(this.delimiters.length, bottom);
  }

  private pairs(opener: Delimiter | undefined, closer: Delimiter): boolean {
    if (!opener || opener.char !== closer.char || !opener.canOpen || opener.count === 0) return false;
    return !((opener.canClose || closer.canOpen) && (opener.count + closer.count) % 3 === 0 && opener.count % 3 !== 0);
  }

  private wrap(opener: Delimiter, closer: Delimiter): void {
    const size = opener.char === "~" ? 2 : opener.count >= 2 && closer.count >= 2 ? 2 : 1;
    const from = this.nodes.indexOf(opener.node);
    const to = this.nodes.indexOf(closer.node, from);
    if (from < 0 || to < 0) return;
    opener.count -= size;
    closer.count -= size;
    opener.node.value = opener.node.value.slice(size);
    opener.node.end -= size;
    closer.node.value = closer.node.value.slice(size);
    closer.node.start += size;
    const children = this.nodes.slice(from + 1, to);
    const type = opener.char === "~" ? "del" : size === 2 ? "strong" : "em";
    const node: Inline = { type, children, start: opener.node.end, end: closer.node.start };
    const kept = [...(opener.count > 0 ? [opener.node] : []), node, ...(closer.count > 0 ? [closer.node] : [])];
    this.nodes.splice(from, to - from + 1, ...kept);
  }
}

/** The words of inline nodes without their marks. */
export function plainText(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      if ("children" in node) return plainText(node.children);
      if ("value" in node) return node.value;
      return node.type === "image" ? node.alt : node.type === "break" ? " " : "";
    })
    .join("");
}
