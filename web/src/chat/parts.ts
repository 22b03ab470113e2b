/** An answer as it grows: parts of the UI message stream, version 1, folded one by one into a plain value. */

export type CitationState = "verified" | "located" | "stale" | "unsupported";
export interface Citation {
  id: string;
  number: number;
  path: string;
  page: number | undefined;
  line: number | undefined;
  start: number;
  end: number;
  quote: string;
  state: CitationState;
  contentHash: string;
  passage: string;
  passageStart: number;
}
export interface Searched {
  files: number;
  chunks: number;
  passages: { path: string; line: number | undefined; page: number | undefined; breadcrumb: string }[];
}
export interface Usage {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  durationMs: number | undefined;
}
export type Phase = "waiting" | "retrieving" | "answering" | "checking";
export interface Answer {
  messageId: string;
  conversation: { id: string; title: string } | undefined;
  phase: Phase;
  texts: readonly { id: string; text: string }[];
  citations: readonly Citation[];
  searched: Searched | undefined;
  usage: Usage | undefined;
  /** False when nothing in the workspace supports an answer. */
  supported: boolean | undefined;
  error: string | undefined;
  /** The error's stable code, when one is told. */
  errorCode: string;
  finished: boolean;
}

export const emptyAnswer: Answer = {
  messageId: "",
  conversation: undefined,
  phase: "waiting",
  texts: [],
  citations: [],
  searched: undefined,
  usage: undefined,
  supported: undefined,
  error: undefined,
  errorCode: "",
  finished: false,
};

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === "string" ? value : "");
const count = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
/** Lines and pages count from 1; 0 means that there is none. */
const place = (value: unknown) => count(value) || undefined;

const states = new Set(["verified", "located", "stale", "unsupported"]);
const phases = new Set(["retrieving", "answering", "checking"]);

function citation(data: Fields, known: number): Citation {
  const state = text(data["state"]);
  return {
    id: text(data["id"]),
    number: count(data["number"]) ?? known + 1,
    path: text(data["path"]),
    page: place(data["page"]),
    line: place(data["line"]),
    start: count(data["start"]) ?? 0,
    end: count(data["end"]) ?? 0,
    quote: text(data["quote"]),
    // A state this page does not know is not to be trusted.
    state: (states.has(state) ? state : "unsupported") as CitationState,
    contentHash: text(data["contentHash"]),
    passage: text(data["passage"]),
    passageStart: count(data["passageStart"]) ?? 0,
  };
}

function searched(data: Fields): Searched {
  const passages = Array.isArray(data["passages"]) ? data["passages"].filter(isFields) : [];
  return {
    files: count(data["files"]) ?? 0,
    chunks: count(data["chunks"]) ?? 0,
    passages: passages.map((p) => ({
      path: text(p["path"]),
      line: place(p["line"]),
      page: place(p["page"]),
      breadcrumb: text(p["breadcrumb"]),
    })),
  };
}

function withCitation(answer: Answer, data: Fields): Answer {
  const at = answer.citations.findIndex((known) => known.id === data["id"]);
  const next = citation(data, answer.citations.length);
  if (next.id === "") return answer;
  // The same id again is the same citation in a newer state.
  return { ...answer, citations: at < 0 ? [...answer.citations, next] : answer.citations.with(at, next) };
}

/** Folds one part into the answer. Parts it does not know change nothing. */
export function reduce(answer: Answer, part: unknown): Answer {
  if (!isFields(part)) return answer;
  const type = text(part["type"]);
  // Typed data parts carry their values in `data`; the id may stand beside it.
  const data = isFields(part["data"]) ? { id: part["id"], ...part["data"] } : part;
  switch (type) {
    case "start":
      return { ...answer, messageId: text(part["messageId"]) || answer.messageId };
    case "data-conversation":
      return { ...answer, conversation: { id: text(data["id"]), title: text(data["title"]) } };
    case "data-progress": {
      const phase = text(data["phase"]);
      return phases.has(phase) ? { ...answer, phase: phase as Phase } : answer;
    }
    case "text-start":
      return { ...answer, phase: "answering", texts: [...answer.texts, { id: text(part["id"]), text: "" }] };
    case "text-delta":
      return withDelta(answer, text(part["id"]), text(part["delta"]));
    case "text":
      return { ...answer, texts: [...answer.texts, { id: `stored${answer.texts.length}`, text: text(part["text"]) }] };
    case "data-citation":
      return withCitation(answer, data);
    case "data-searched":
      return { ...answer, searched: searched(data) };
    case "data-usage":
      return {
        ...answer,
        usage: {
          inputTokens: count(data["inputTokens"]),
          outputTokens: count(data["outputTokens"]),
          durationMs: count(data["durationMs"]),
        },
      };
    case "data-support":
      return { ...answer, supported: data["supported"] === true };
    case "error":
      return { ...answer, error: text(part["errorText"]), errorCode: text(part["code"]) };
    case "abort":
    case "finish":
      return { ...answer, finished: true };
    default:
      return answer;
  }
}

function withDelta(answer: Answer, id: string, delta: string): Answer {
  const at = answer.texts.findLastIndex((part) => part.id === id);
  const part = answer.texts[at];
  if (!part) return { ...answer, phase: "answering", texts: [...answer.texts, { id, text: delta }] };
  return { ...answer, texts: answer.texts.with(at, { id, text: part.text + delta }) };
}

/** A stored message as an answer. */
export function answerOf(message: { id: string; parts: readonly unknown[] | null; usage?: unknown }): Answer {
  const answer = (message.parts ?? []).reduce<Answer>(reduce, { ...emptyAnswer, messageId: message.id, finished: true });
  return answer.usage || !isFields(message.usage) ? answer : reduce(answer, { type: "data-usage", ...message.usage });
}

/** All text of an answer. */
export function textOf(answer: Answer): string {
  return answer.texts.map((part) => part.text).join("\n\n");
}

/** Growing text without a link or citation mark that is only half there, so that no brackets flicker at its end. */
export function steady(text: string): string {
  const from = Math.max(0, text.length - 400);
  return text.slice(0, from) + text.slice(from).replace(/!?\[[^\]\n]*(?:\](?:\([^)\n]*)?)?$/, "");
}

/** The answer as Markdown with its citations as footnotes, for the clipboard. */
export function markdownOf(answer: Answer): string {
  const used = textOf(answer);
  const notes = answer.citations
    .filter((cite) => used.includes(`[^${cite.id}]`))
    .map((cite) => {
      const where = cite.page ? `, p. ${cite.page}` : cite.line ? `, l. ${cite.line}` : "";
      return `[^${cite.id}]: ${cite.path}${where}${cite.quote === "" ? "" : `: “${cite.quote.replace(/\s+/g, " ")}”`}`;
    });
  return notes.length === 0 ? used : `${used}\n\n${notes.join("\n")}\n`;
}
