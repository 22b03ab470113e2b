import { type CSSProperties, memo, useMemo } from "react";
import { LazyBlock } from "./LazyBlock";
import { type LineBlock, lineBlocks, type Range } from "./offsets";

const lineHeight = 20;

/** A text with line numbers, and a range of it marked. */
export function TextView({ text, mark, wrap }: { text: string; mark: Range | undefined; wrap: boolean }) {
  const blocks = useMemo(() => lineBlocks(text), [text]);
  const last = blocks.at(-1);
  const digits = String((last?.first ?? 1) + (last?.lines.length ?? 1)).length;
  return (
    <div className={`viewer-text ${wrap ? "wrap" : ""}`} style={{ "--digits": digits } as CSSProperties}>
      {blocks.map((block, index) => {
        const end = blocks[index + 1]?.start ?? text.length;
        const marked = mark && mark.start < end && mark.end > block.start ? mark : undefined;
        return (
          <LazyBlock key={block.first} height={block.lines.length * lineHeight} force={marked !== undefined}>
            {() => <Lines block={block} mark={marked} />}
          </LazyBlock>
        );
      })}
    </div>
  );
}

const Lines = memo(function Lines({ block, mark }: { block: LineBlock; mark: Range | undefined }) {
  let at = block.start;
  return block.lines.map((line, index) => {
    const start = at;
    at += line.length;
    const shown = line.replace(/\r?\n$/, "");
    return (
      <div className="line" key={block.first + index}>
        <span className="number" aria-hidden>
          {block.first + index}
        </span>
        <code>{mark && mark.start < start + line.length && mark.end > start ? <MarkedLine text={shown} start={start} mark={mark} /> : shown}</code>
      </div>
    );
  });
});

function MarkedLine({ text, start, mark }: { text: string; start: number; mark: Range }) {
  const from = Math.max(0, mark.start - start);
  const to = Math.min(text.length, mark.end - start);
  return (
    <>
      {text.slice(0, from)}
      {to > from ? <mark data-target={mark.start >= start ? "" : undefined}>{text.slice(from, to)}</mark> : null}
      {text.slice(Math.max(from, to))}
    </>
  );
}
