import { createContext, memo, type ReactNode, useContext, useMemo } from "react";
import { t } from "../i18n";
import type { Block, Cell, Inline, Span } from "./ast";
import { parse } from "./block";
import { plainText } from "./inline";
import "./markdown.css";

/** How the parts of a text that reach beyond it are shown. Without a handler they are plain words. */
export interface MarkdownOptions {
  /** A click on a link. The handler decides whether and how to follow it; nothing is ever followed by itself. */
  onLink?: (href: string) => void;
  /** An image. Remote images are never loaded; a handler may show a file of the workspace. */
  image?: (src: string, alt: string) => ReactNode;
  /** A footnote mark `[^id]`. */
  cite?: (id: string) => ReactNode;
  /** A block of code; for a viewer that colours it. `start` is where the code stands in the source. */
  code?: (value: string, language: string, start: number) => ReactNode;
  /** Words to mark, in UTF-16 units of the source. The first marked element carries data-target. */
  highlight?: Span;
}

const Options = createContext<MarkdownOptions>({});

/** A whole text, read and rendered at once. For a text that grows, see StreamedMarkdown. */
export function Markdown({ source, options }: { source: string; options: MarkdownOptions }) {
  const blocks = useMemo(() => parse(source), [source]);
  return (
    <Options value={options}>
      <div className="markdown">
        <Blocks blocks={blocks} />
      </div>
    </Options>
  );
}

const StreamedBlock = memo(function StreamedBlock({ source }: { source: string }) {
  const blocks = useMemo(() => parse(source), [source]);
  return <Blocks blocks={blocks} />;
});

/** A text that grows at its end: finished blocks are not rendered again and do not move. */
export function StreamedMarkdown({ source, options }: { source: string; options: MarkdownOptions }) {
  const parts = useMemo(() => parse(source).map((block) => ({ start: block.start, text: source.slice(block.start, block.end) })), [source]);
  return (
    <Options value={options}>
      <div className="markdown">
        {parts.map((part) => (
          <StreamedBlock key={part.start} source={part.text} />
        ))}
      </div>
    </Options>
  );
}

function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map((block) => <BlockView key={`${block.start}${block.type}`} block={block} />);
}

/** An id for a heading made of its words, as a link within the document would name it. */
export function slug(children: readonly Inline[]): string {
  return plainText(children).trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s+/g, "-");
}

function BlockView({ block }: { block: Block }) {
  const options = useContext(Options);
  switch (block.type) {
    case "heading": {
      const Tag = `h${block.level}` as "h1";
      return (
        <Tag id={`h-${slug(block.children)}`}>
          <Inlines nodes={block.children} />
        </Tag>
      );
    }
    case "paragraph":
      return (
        <p>
          <Inlines nodes={block.children} />
        </p>
      );
    case "code":
      return options.code ? options.code(block.value, block.language, block.contentStart) : <CodeBlock block={block} />;
    case "math":
      return (
        <pre className="math">
          <Marked start={block.start} end={block.end} value={block.value} />
        </pre>
      );
    case "html":
      return (
        <pre className="source">
          <Marked start={block.start} end={block.end} value={block.value} />
        </pre>
      );
    case "quote":
      return (
        <blockquote>
          <Blocks blocks={block.children} />
        </blockquote>
      );
    case "list":
      return <ListView block={block} />;
    case "table":
      return <TableView block={block} />;
    case "footnote":
      return (
        <div className="footnote">
          <sup>{block.id}</sup>
          <div>
            <Blocks blocks={block.children} />
          </div>
        </div>
      );
    case "rule":
      return <hr />;
  }
}

function CodeBlock({ block }: { block: Block & { type: "code" } }) {
  return (
    // A scrolling area must be reachable by keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre tabIndex={0} aria-label={block.language === "" ? t("markdown.code") : t("markdown.codeIn", { language: block.language })}>
      <code>
        <Marked start={block.contentStart} end={block.contentStart + block.value.length} value={block.value} />
      </code>
    </pre>
  );
}

function ListView({ block }: { block: Block & { type: "list" } }) {
  const items = block.items.map((item) => (
    <li key={item.start} className={item.checked === undefined ? "" : "task"}>
      {item.checked === undefined ? null : <input type="checkbox" checked={item.checked} readOnly disabled aria-label={t("markdown.task")} />}
      {item.children.map((child) =>
        block.tight && child.type === "paragraph" ? (
          <Inlines key={child.start} nodes={child.children} />
        ) : (
          <BlockView key={`${child.start}${child.type}`} block={child} />
        ),
      )}
    </li>
  ));
  return block.ordered ? <ol start={block.first}>{items}</ol> : <ul>{items}</ul>;
}

function TableView({ block }: { block: Block & { type: "table" } }) {
  const cell = (cell: Cell, index: number, head: boolean) => {
    const Tag = head ? "th" : "td";
    return (
      <Tag key={index} className={block.align[index] ?? ""} {...(head ? { scope: "col" } : {})}>
        <Inlines nodes={cell.children} />
      </Tag>
    );
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table" tabIndex={0} role="group" aria-label={t("markdown.table")}>
      <table>
        <thead>
          <tr>{block.head.map((c, i) => cell(c, i, true))}</tr>
        </thead>
        <tbody>
          {block.rows.map((row, at) => (
            <tr key={at}>{row.map((c, i) => cell(c, i, false))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Inlines({ nodes }: { nodes: readonly Inline[] }) {
  return nodes.map((node, index) => <InlineView key={index} node={node} />);
}

function InlineView({ node }: { node: Inline }) {
  const options = useContext(Options);
  switch (node.type) {
    case "text":
      return <Marked {...node} />;
    case "code":
      return (
        <code>
          <Marked {...node} />
        </code>
      );
    case "math":
      return (
        <code className="math">
          <Marked {...node} />
        </code>
      );
    case "em":
    case "strong":
    case "del": {
      const Tag = node.type;
      return (
        <Tag>
          <Inlines nodes={node.children} />
        </Tag>
      );
    }
    case "link":
      return <LinkView node={node} />;
    case "image":
      return options.image?.(node.src, node.alt) ?? <span className="image-text">{t("markdown.image", { alt: node.alt || node.src })}</span>;
    case "break":
      return <br />;
    case "cite":
      return options.cite ? options.cite(node.id) : <sup>[{node.id}]</sup>;
  }
}

function LinkView({ node }: { node: Inline & { type: "link" } }) {
  const { onLink } = useContext(Options);
  if (!onLink) return <Inlines nodes={node.children} />;
  // A button, not an anchor: the browser itself must have nothing to follow, prefetch or drag.
  return (
    <button type="button" role="link" className="link" title={node.href} onClick={() => onLink(node.href)}>
      <Inlines nodes={node.children} />
    </button>
  );
}

/** Text with the part of it that lies in the highlight marked. */
export function Marked({ value, start, end }: { value: string } & Span) {
  const { highlight } = useContext(Options);
  if (!highlight || highlight.end <= start || highlight.start >= end) return value;
  const exact = end - start === value.length;
  const from = exact ? Math.max(0, highlight.start - start) : 0;
  const to = exact ? Math.min(value.length, highlight.end - start) : value.length;
  return (
    <>
      {value.slice(0, from)}
      <mark data-target={highlight.start >= start ? "" : undefined}>{value.slice(from, to)}</mark>
      {value.slice(to)}
    </>
  );
}
