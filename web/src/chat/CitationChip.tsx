import { HoverCard } from "radix-ui";
import { type KeyboardEvent, useContext } from "react";
import { FileIcon } from "../files/FileIcon";
import { nameOf } from "../files/paths";
import { t } from "../i18n";
import { placeText } from "../search/SearchPanel";
import { layer } from "../ui/layer";
import { AnswerContext } from "./context";
import type { Citation, CitationState } from "./parts";

/** State by a mark and a word, not by colour alone. */
export const stateMark: Record<CitationState, string> = { verified: "✓", located: "~", stale: "↻", unsupported: "✗" };

export function StateWord({ state }: { state: CitationState }) {
  return (
    <span className={`cite-state ${state}`}>
      <span aria-hidden>{stateMark[state]}</span> {t(`cite.${state}`)}
    </span>
  );
}

/** A superscript number in an answer. Hover and focus show the passage, a click opens the file there. */
export function CitationChip({ id }: { id: string }) {
  const { citations, active, onOpen } = useContext(AnswerContext);
  const cite = citations.get(id);
  if (!cite) return null;
  const isActive = active?.id === id && active.path === cite.path && active.start === cite.start;
  const name = t("cite.name", { number: cite.number, path: cite.path, place: placeText(cite), state: t(`cite.${cite.state}`) });
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onOpen(cite);
  };
  return (
    <>
      {/* A word joiner, and a span instead of a button: the number never begins a line without the word before it. */}
      {"\u2060"}
      <HoverCard.Root openDelay={150} closeDelay={120}>
        <HoverCard.Trigger asChild>
          <span
            role="button"
            tabIndex={0}
            className={`cite ${cite.state} ${isActive ? "active" : ""}`}
            aria-label={name}
            onClick={() => onOpen(cite)}
            onKeyDown={key}
          >
            {cite.number}
            {cite.state === "verified" ? null : <span aria-hidden>{stateMark[cite.state]}</span>}
          </span>
        </HoverCard.Trigger>
        <HoverCard.Portal container={layer()}>
          <HoverCard.Content className="passage" side="bottom" align="start" collisionPadding={12} sideOffset={6}>
            <PassageCard cite={cite} />
          </HoverCard.Content>
        </HoverCard.Portal>
      </HoverCard.Root>
    </>
  );
}

/** The passage with the quoted words marked in it, or the bare quote when the passage is not known. */
export function quoteIn(cite: Pick<Citation, "passage" | "passageStart" | "start" | "end" | "quote">): [before: string, quote: string, after: string] {
  const points = [...cite.passage];
  const from = cite.start - cite.passageStart;
  const to = cite.end - cite.passageStart;
  if (cite.passage === "" || from < 0 || to > points.length || to < from) return ["", cite.quote || cite.passage, ""];
  return [points.slice(0, from).join(""), points.slice(from, to).join(""), points.slice(to).join("")];
}

const most = { letters: 160, lines: 3 };

/** A long passage is cut to what stands near the quote, so that the card shows the quote without scrolling. */
export function around([before, quote, after]: readonly [string, string, string]): [string, string, string] {
  const head = [...before.split("\n").slice(-most.lines - 1).join("\n")].slice(-most.letters).join("");
  const tail = [...after.split("\n").slice(0, most.lines + 1).join("\n")].slice(0, most.letters).join("");
  const words = [...quote].slice(0, 3 * most.letters).join("");
  return [
    head.length < before.length ? `… ${head.trimStart()}` : head,
    words.length < quote.length ? `${words}…` : words,
    tail.length < after.length ? `${tail.trimEnd()} …` : tail,
  ];
}

function PassageCard({ cite }: { cite: Citation }) {
  const [before, quote, after] = around(quoteIn(cite));
  return (
    <>
      <div className="row passage-head">
        <FileIcon name={nameOf(cite.path)} />
        <span className="grow ellipsis" title={cite.path}>
          {cite.path}
        </span>
        <span className="quiet num">{placeText(cite)}</span>
      </div>
      <p className="passage-text">
        {before}
        <mark>{quote}</mark>
        {after}
      </p>
      <div className="row passage-foot small">
        <StateWord state={cite.state} />
        <span className="grow" />
        <span className="quiet">{t("cite.open")}</span>
      </div>
    </>
  );
}
