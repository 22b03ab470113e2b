import { useQuery } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { isApiError } from "../api/client";
import { conversation } from "../api/queries";
import { notifyError } from "../ui/Toasts";
import { useWorkspace } from "../workspace/context";
import { liveAnswers } from "./live";
import { belongs } from "./Messages";

/** The open conversation: its stored messages and the answer under way, taken up by itself when there is one. */
export function useChat() {
  const { id, conversation: open, openConversation } = useWorkspace();
  useSyncExternalStore(liveAnswers.subscribe, liveAnswers.snapshot);
  const stored = useQuery({ ...conversation(open), enabled: open !== "" });
  const live = liveAnswers.of(id, open);
  const messages = open === "" ? [] : (stored.data?.messages ?? []);
  const activeRun = stored.data?.activeRunId;

  useEffect(() => {
    if (open !== "" && activeRun && !liveAnswers.of(id, open)) liveAnswers.attach(id, open, activeRun);
  }, [id, open, activeRun]);

  // Once the stored conversation has the finished answer, the stream's copy is not needed any more.
  const done = live?.state === "ended" && messages.some((m) => m.role === "assistant" && m.state !== "streaming" && belongs(m, live));
  useEffect(() => {
    if (done) liveAnswers.drop(live);
  }, [done, live]);

  const ask = (question: string, paths: readonly string[]) => {
    const before = liveAnswers.of(id, open);
    if (before?.state === "failed") liveAnswers.drop(before);
    liveAnswers.ask(id, open, question, paths).then(
      (conversationId) => {
        if (conversationId !== open) openConversation(conversationId);
      },
      // A refused question is shown where it stands; anything else is a fault of ours.
      (error: unknown) => {
        if (!isApiError(error)) notifyError(error);
      },
    );
  };
  const stop = () => {
    if (live) liveAnswers.stop(live).catch(notifyError);
  };
  const busy = live !== undefined && live.state !== "ended" && live.state !== "failed";
  return { stored, live, messages, ask, stop, busy, title: stored.data?.title || live?.answer.conversation?.title || "" };
}
