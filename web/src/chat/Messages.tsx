import { CirclePause, RotateCcw } from "lucide-react";
import { useMemo } from "react";
import { isApiError } from "../api/client";
import { errorText } from "../api/errors";
import type { Message } from "../api/types";
import { t, tMaybe } from "../i18n";
import { Button } from "../ui/Button";
import { ErrorState } from "../ui/Feedback";
import { AnswerView } from "./AnswerView";
import type { ActiveCitation } from "./context";
import type { Live } from "./live";
import { answerOf, textOf } from "./parts";
import { unreadOf } from "./unread";

interface MessagesProps {
  messages: readonly Message[];
  live: Live | undefined;
  citation: ActiveCitation | undefined;
  onAskAgain: (question: string) => void;
}

/** The conversation: what is stored, and behind it the answer under way. */
export function Messages({ messages, live, citation, onAskAgain }: MessagesProps) {
  // The answer under way is shown from its stream, not from its half-stored self.
  const stored = live ? messages.filter((message) => !(message.role === "assistant" && belongs(message, live))) : messages;
  const asked = live && live.question !== "" && !stored.some((message) => message.role === "user" && message.runId === live.runId && live.runId !== "");
  const lastQuestion = stored.findLast((message) => message.role === "user");
  const pendingShown = asked && !(lastQuestion && stored.at(-1) === lastQuestion && textOf(answerOf(lastQuestion)) === live.question);
  const questionBefore = (index: number) => {
    const before = stored.slice(0, index).findLast((message) => message.role === "user");
    return before ? textOf(answerOf(before)) : "";
  };
  return (
    <>
      {stored.map((message, index) =>
        message.role === "user" ? (
          <Question key={message.id} text={textOf(answerOf(message))} />
        ) : (
          <StoredAnswer
            key={message.id}
            message={message}
            citation={citation}
            {...(index === stored.length - 1 && !live ? { onAskAgain: () => onAskAgain(questionBefore(index)) } : {})}
          />
        ),
      )}
      {live && pendingShown ? <Question text={live.question} /> : null}
      {live ? <LiveAnswer live={live} citation={citation} onAskAgain={onAskAgain} question={live.question || questionBefore(stored.length)} /> : null}
    </>
  );
}

export function belongs(message: Message, live: Live): boolean {
  return (live.runId !== "" && message.runId === live.runId) || (live.answer.messageId !== "" && message.id === live.answer.messageId);
}

function Question({ text }: { text: string }) {
  return (
    <div className="question">
      <span className="visually-hidden">{t("chat.youAsked")}</span>
      {text}
    </div>
  );
}

function StoredAnswer({ message, citation, onAskAgain }: { message: Message; citation: ActiveCitation | undefined; onAskAgain?: () => void }) {
  const answer = useMemo(() => answerOf(message), [message]);
  return (
    <>
      <AnswerView answer={answer} model={message.model ?? ""} live={false} state={message.state} citation={citation} unread={unreadOf(message.runId)} />
      <Ended state={message.state} error={answer.error === undefined ? undefined : (tMaybe(`error.${answer.errorCode}`) ?? answer.error)} {...(onAskAgain ? { onAskAgain } : {})} />
    </>
  );
}

/** How an answer ended when it did not end well; what was written so far stays above it. */
function Ended({ state, error, onAskAgain }: { state: Message["state"]; error: string | undefined; onAskAgain?: () => void }) {
  if (state === "complete" || (state === "streaming" && !error)) return null;
  return (
    <div className={`ended ${state}`}>
      <CirclePause size={16} aria-hidden />
      <span className="grow">
        {t(`chat.state.${state === "streaming" ? "failed" : state}`)}
        {error && state !== "interrupted" && state !== "cancelled" ? <span className="quiet small">{` ${error}`}</span> : null}
      </span>
      {onAskAgain ? (
        <Button icon={RotateCcw} onClick={onAskAgain}>
          {t("chat.askAgain")}
        </Button>
      ) : null}
    </div>
  );
}

interface LiveAnswerProps {
  live: Live;
  citation: ActiveCitation | undefined;
  question: string;
  onAskAgain: (question: string) => void;
}

function LiveAnswer({ live, citation, question, onAskAgain }: LiveAnswerProps) {
  if (live.state === "failed") {
    const refused = live.answer.messageId === "" && isApiError(live.error);
    return refused ? (
      <ErrorState error={live.error} onRetry={() => onAskAgain(question)} />
    ) : (
      <Ended state="failed" error={errorText(live.error)} onAskAgain={() => onAskAgain(question)} />
    );
  }
  const growing = live.state !== "ended";
  return (
    <>
      <AnswerView answer={live.answer} model="" live={growing} state="streaming" citation={citation} unread={unreadOf(live.runId)} />
      {live.state === "reconnecting" ? (
        <p className="quiet small" role="status">
          {t("chat.reconnecting")}
        </p>
      ) : null}
    </>
  );
}
