/**
 * Answers under way. They live outside the page's components, so that looking at another conversation or file does not end them,
 * and they outlive a lost connection: the stream is taken up again behind the last event seen.
 */
import { api, ApiError, fetchChecked } from "../api/client";
import { conversation, conversations, queryClient } from "../api/queries";
import { eventsOf } from "../api/sse";
import { type Answer, emptyAnswer, reduce } from "./parts";
import { countUnread, rememberUnread } from "./unread";

export type LiveState = "connecting" | "streaming" | "reconnecting" | "stopping" | "ended" | "failed";
export interface Live {
  workspaceId: string;
  /** Empty until the server has told it. */
  conversationId: string;
  runId: string;
  /** Empty when the answer was found under way. */
  question: string;
  answer: Answer;
  state: LiveState;
  error: unknown;
  startedAt: number;
}

interface Transport {
  /** Waits before another try to connect, in ms. */
  wait(ms: number): Promise<void>;
  /** The number of files that are not read yet. */
  unread(workspaceId: string): Promise<number>;
}

const browser: Transport = { wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)), unread: countUnread };

const longestWait = 8000;
const giveUpAfter = 40;

export class LiveAnswers {
  private readonly running = new Map<string, Live>();
  private readonly listeners = new Set<() => void>();
  private scheduled = false;
  private version = 0;
  private readonly transport: Transport;

  constructor(transport = browser) {
    this.transport = transport;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): number => this.version;

  /** The answer under way in a conversation; with "" the one of a conversation that has no id yet. */
  of(workspaceId: string, conversationId: string): Live | undefined {
    return this.running.get(conversationId === "" ? `new:${workspaceId}` : conversationId);
  }

  /** Forgets an answer that is shown from the stored conversation by now. */
  drop(live: Live): void {
    for (const [key, value] of this.running) if (value.runId === live.runId && value.startedAt === live.startedAt) this.running.delete(key);
    this.changed(true);
  }

  /** Asks. Resolves once the conversation is known or the question was refused; the answer goes on growing behind it. */
  async ask(workspaceId: string, conversationId: string, question: string, paths: readonly string[]): Promise<string> {
    const key = conversationId === "" ? `new:${workspaceId}` : conversationId;
    const live = this.put(key, { workspaceId, conversationId, question });
    const unread = this.transport.unread(workspaceId);
    try {
      const response = await fetchChecked("/api/chat", {
        method: "POST",
        headers: { "content-type": "application/json", accept: "text/event-stream" },
        body: JSON.stringify({
          workspaceId,
          text: question,
          ...(conversationId === "" ? {} : { conversationId }),
          ...(paths.length === 0 ? {} : { scope: { paths } }),
        }),
      });
      const id = response.headers.get("x-innoclaw-conversation-id") ?? conversationId;
      const runId = response.headers.get("x-innoclaw-run-id") ?? "";
      void unread.then((count) => {
        rememberUnread(runId, count);
        this.changed(true);
      });
      this.running.delete(key);
      const current = this.put(id, { ...live, conversationId: id, runId, state: "streaming" });
      void queryClient.invalidateQueries({ queryKey: conversations(workspaceId).queryKey });
      void this.follow(current.conversationId, response);
      return id;
    } catch (error) {
      this.set(key, { state: "failed", error });
      throw error;
    }
  }

  /** Takes up an answer that is under way on the server. */
  attach(workspaceId: string, conversationId: string, runId: string): void {
    const known = this.running.get(conversationId);
    if (known && known.state !== "failed") return;
    this.put(conversationId, { workspaceId, conversationId, runId });
    void this.follow(conversationId, undefined);
  }

  async stop(live: Live): Promise<void> {
    if (live.runId === "") return;
    const before = live.state;
    this.set(live.conversationId, { state: "stopping" });
    try {
      await api.post("/api/runs/{id}/cancel", { path: { id: live.runId } });
    } catch (error) {
      this.set(live.conversationId, { state: before });
      throw error;
    }
  }

  private async follow(id: string, first: Response | undefined): Promise<void> {
    let response = first;
    let lastId = "";
    for (let attempt = 0; attempt < giveUpAfter; ) {
      try {
        response ??= await fetchChecked(`/api/conversations/${encodeURIComponent(id)}/stream`, {
          headers: { accept: "text/event-stream", ...(lastId === "" ? {} : { "last-event-id": lastId }) },
        });
        if (response.status === 204) return await this.end(id);
        if (this.running.get(id)?.state !== "stopping") this.set(id, { state: "streaming" });
        for await (const event of eventsOf(response)) {
          if (event.data === "[DONE]") return await this.end(id);
          // What was seen before is sent again by nobody, but a proxy may replay; order is by number.
          if (event.id !== "" && lastId !== "" && Number(event.id) <= Number(lastId)) continue;
          lastId = event.id || lastId;
          attempt = 0;
          this.fold(id, event.data);
        }
      } catch (error) {
        if (error instanceof ApiError && error.status !== 0 && error.status < 500 && error.status !== 429) {
          this.set(id, { state: "failed", error });
          return await this.end(id, true);
        }
      }
      response = undefined;
      attempt++;
      if (this.running.get(id)?.state !== "stopping") this.set(id, { state: "reconnecting" });
      await this.transport.wait(Math.min(250 * 2 ** (attempt - 1), longestWait));
    }
    this.set(id, { state: "failed", error: new ApiError("network", 0, "The connection was lost.") });
  }

  private fold(id: string, data: string): void {
    const live = this.running.get(id);
    if (!live) return;
    try {
      const answer = reduce(live.answer, JSON.parse(data) as unknown);
      if (answer !== live.answer) this.set(id, { answer }, false);
    } catch {
      // one unreadable part does not end the answer; the stored conversation has the whole
    }
  }

  /** The stream is over: the stored conversation says how it ended. */
  private async end(id: string, failed = false): Promise<void> {
    if (!failed) this.set(id, { state: "ended" });
    const live = this.running.get(id);
    const { queryKey } = conversation(id);
    // A first answer still on its way was made before the end, and would be taken for the newest.
    await queryClient.cancelQueries({ queryKey });
    await queryClient.invalidateQueries({ queryKey });
    if (live) void queryClient.invalidateQueries({ queryKey: conversations(live.workspaceId).queryKey });
  }

  private put(key: string, values: Partial<Live> & { workspaceId: string; conversationId: string }): Live {
    const live: Live = {
      runId: "",
      question: "",
      answer: emptyAnswer,
      state: "connecting",
      error: undefined,
      startedAt: Date.now(),
      ...values,
    };
    this.running.set(key, live);
    this.changed(true);
    return live;
  }

  private set(key: string, values: Partial<Live>, now = true): void {
    const live = this.running.get(key);
    if (!live) return;
    this.running.set(key, { ...live, ...values });
    this.changed(now);
  }

  /** Text may come faster than a screen shows it: growth is told once per frame. */
  private changed(now: boolean): void {
    const tell = () => {
      this.scheduled = false;
      this.version++;
      this.listeners.forEach((listener) => listener());
    };
    if (now) return tell();
    if (this.scheduled) return;
    this.scheduled = true;
    setTimeout(tell, 32);
  }
}

export const liveAnswers = new LiveAnswers();
