import { Check, ChevronRight, Copy, SearchX } from "lucide-react";
import { useMemo, useState } from "react";
import type { Message } from "../api/types";
import { FileIcon } from "../files/FileIcon";
import { nameOf } from "../files/paths";
import { t, tn } from "../i18n";
import { duration, number } from "../i18n/format";
import { StreamedMarkdown } from "../markdown";
import { placeText } from "../search/SearchPanel";
import { IconButton } from "../ui/Button";
import { Spinner } from "../ui/Spinner";
import { notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { CitationChip, StateWord } from "./CitationChip";
import { type ActiveCitation, AnswerContext } from "./context";
import { useLinkDialog } from "./LinkDialog";
import { type Answer, type Citation, markdownOf, steady, textOf } from "./parts";

const renderCite = (id: string) => <CitationChip id={id} />;

interface AnswerViewProps {
  answer: Answer;
  model: string;
  /** Still growing. */
  live: boolean;
  state: Message["state"];
  /** The citation the address names, if it is one of this answer's. */
  citation: ActiveCitation | undefined;
  /** Files that were not read yet when the question was asked. */
  unread: number;
}

export function AnswerView({ answer, model, live, state, citation, unread }: AnswerViewProps) {
  const { open } = useWorkspace();
  const { ask, dialog } = useLinkDialog();
  const source = live ? steady(textOf(answer)) : textOf(answer);
  const context = useMemo(
    () => ({
      citations: new Map(answer.citations.map((cite) => [cite.id, cite])),
      active: citation,
      onOpen: (cite: Citation) =>
        open(cite.path, {
          start: cite.start,
          end: cite.end,
          ...(cite.page ? { page: cite.page } : {}),
          ...(cite.line ? { line: cite.line } : {}),
          contentHash: cite.contentHash,
          citationId: cite.id,
        }),
    }),
    // `open` is made anew with each render of the page; the citations are what matters here.
    // oxlint-disable-next-line react/exhaustive-deps
    [answer.citations, citation],
  );
  const options = useMemo(() => ({ cite: renderCite, onLink: ask }), [ask]);
  const nothing = !live && answer.supported === false;
  return (
    <AnswerContext value={context}>
      <article className="answer" aria-label={t("chat.answer")} aria-busy={live}>
        {source === "" ? null : <StreamedMarkdown source={source} options={options} />}
        {nothing ? (
          <p className="nothing">
            <SearchX size={16} aria-hidden />
            {source !== "" ? t("chat.unsupported") : answer.searched ? tn("chat.nothing", answer.searched.files) : t("chat.nothingFound")}
          </p>
        ) : null}
        {unread > 0 ? <p className="unread quiet small">{tn("chat.unread", unread)}</p> : null}
        {live ? <PhaseLine answer={answer} /> : null}
        {live ? null : <Sources answer={answer} source={source} />}
        {live ? null : <SearchedLine answer={answer} />}
        {live || state === "streaming" || (source === "" && state === "failed") ? null : <AnswerFoot answer={answer} model={model} />}
      </article>
      {dialog}
    </AnswerContext>
  );
}

function PhaseLine({ answer }: { answer: Answer }) {
  return (
    <p className="phase quiet small" role="status">
      <Spinner size={12} />
      {answer.phase === "retrieving" && answer.searched
        ? tn("chat.searching", answer.searched.files)
        : t(`chat.phase.${answer.phase}`)}
    </p>
  );
}

/** The citations the text uses, each with its words; unsupported ones are shown as such. */
function Sources({ answer, source }: { answer: Answer; source: string }) {
  const used = answer.citations.filter((cite) => cite.state === "unsupported" || source.includes(`[^${cite.id}]`));
  if (used.length === 0) return null;
  return (
    <details className="sources">
      <summary>
        <ChevronRight size={14} aria-hidden />
        {tn("chat.sources", used.length)}
      </summary>
      <ol className="plain">
        {used.map((cite) => (
          <SourceRow key={cite.id} cite={cite} />
        ))}
      </ol>
    </details>
  );
}

function SourceRow({ cite }: { cite: Citation }) {
  const { open } = useWorkspace();
  const go = () =>
    open(cite.path, {
      start: cite.start,
      end: cite.end,
      ...(cite.page ? { page: cite.page } : {}),
      ...(cite.line ? { line: cite.line } : {}),
      contentHash: cite.contentHash,
      citationId: cite.id,
    });
  return (
    <li>
      <button type="button" className="source" onClick={go} title={cite.path}>
        <span className="source-number num">{cite.number}</span>
        <span className="grow">
          <span className="row">
            <FileIcon name={nameOf(cite.path)} />
            <span className="grow ellipsis">{cite.path}</span>
            <span className="quiet num">{placeText(cite)}</span>
          </span>
          {cite.quote === "" ? null : <span className="source-quote">“{cite.quote.replace(/\s+/g, " ")}”</span>}
          <StateWord state={cite.state} />
        </span>
      </button>
    </li>
  );
}

function SearchedLine({ answer }: { answer: Answer }) {
  const { open } = useWorkspace();
  const { searched } = answer;
  if (!searched) return null;
  return (
    <details className="sources">
      <summary>
        <ChevronRight size={14} aria-hidden />
        {tn("chat.searched", searched.chunks, { files: searched.files })}
      </summary>
      {searched.passages.length === 0 ? (
        <p className="quiet">{t("chat.noPassages")}</p>
      ) : (
        <ul className="plain">
          {searched.passages.map((passage, index) => (
            <li key={index}>
              <button
                type="button"
                className="source"
                title={passage.path}
                onClick={() =>
                  open(passage.path, {
                    start: 0,
                    end: 0,
                    ...(passage.page ? { page: passage.page } : {}),
                    ...(passage.line ? { line: passage.line } : {}),
                    contentHash: "",
                  })
                }
              >
                <FileIcon name={nameOf(passage.path)} />
                <span className="grow ellipsis">
                  {passage.path} <span className="quiet small">{passage.breadcrumb}</span>
                </span>
                <span className="quiet num">{placeText(passage)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

function AnswerFoot({ answer, model }: { answer: Answer; model: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard.writeText(markdownOf(answer)).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    }, notifyError);
  const { usage } = answer;
  const facts = [
    model === "" || model.startsWith("offline") ? t("model.offline") : model,
    !usage?.inputTokens ? "" : t("chat.tokens", { input: number(usage.inputTokens), output: number(usage.outputTokens ?? 0) }),
    usage?.durationMs === undefined || usage.durationMs < 50 ? "" : duration(usage.durationMs),
  ];
  return (
    <footer className="answer-foot quiet small num">
      <span className="grow">{facts.filter((fact) => fact !== "").join(" · ")}</span>
      <IconButton icon={copied ? Check : Copy} label={copied ? t("chat.copied") : t("chat.copy")} onClick={copy} />
    </footer>
  );
}
