/**
 * The tree of a Markdown text. Every node knows where it stands in the source, in UTF-16 units (string indices), so that words of the
 * source can be highlighted in the rendered text. HTML is never markup here: it stays text.
 */
export interface Span {
  start: number;
  end: number;
}

export type Inline =
  | (Span & { type: "text"; value: string })
  | (Span & { type: "code"; value: string })
  | (Span & { type: "math"; value: string })
  | (Span & { type: "em" | "strong" | "del"; children: Inline[] })
  | (Span & { type: "link"; href: string; children: Inline[] })
  | (Span & { type: "image"; src: string; alt: string })
  | (Span & { type: "break" })
  /** A footnote mark `[^id]`; in answers the mark of a citation. */
  | (Span & { type: "cite"; id: string });

export type Align = "left" | "center" | "right" | undefined;
export interface ListItem extends Span {
  checked: boolean | undefined;
  children: Block[];
}
export interface Cell extends Span {
  children: Inline[];
}

export type Block =
  | (Span & { type: "heading"; level: number; children: Inline[] })
  | (Span & { type: "paragraph"; children: Inline[] })
  /** contentStart: where the first line of value stands in the source; exact for a fence that is not indented. */
  | (Span & { type: "code"; language: string; value: string; contentStart: number })
  | (Span & { type: "math"; value: string })
  | (Span & { type: "html"; value: string })
  | (Span & { type: "quote"; children: Block[] })
  | (Span & { type: "list"; ordered: boolean; first: number; tight: boolean; items: ListItem[] })
  | (Span & { type: "table"; align: Align[]; head: Cell[]; rows: Cell[][] })
  | (Span & { type: "footnote"; id: string; children: Block[] })
  | (Span & { type: "rule" });

/** One line of a block's content: its text without the container's marks, and where that text stands in the source. */
export interface Line {
  text: string;
  start: number;
}
