import { afterEach, describe, expect, it, vi } from "vitest";
import { EventParser, eventsOf } from "../api/sse";
import { QueryObserver } from "@tanstack/react-query";
import { conversation, queryClient } from "../api/queries";
import { LiveAnswers } from "./live";
import { type Answer, answerOf, emptyAnswer, markdownOf, reduce, steady, textOf } from "./parts";
import offlineMessage from "./testdata/offline.json";
import offlineStream from "./testdata/offline.txt?raw";
import { rememberUnread, unreadOf } from "./unread";
import recorded from "./testdata/verified.txt?raw";

function fold(stream: string): Answer {
  return new EventParser()
    .push(stream)
    .filter((event) => event.data !== "[DONE]")
    .reduce((answer, event) => reduce(answer, JSON.parse(event.data)), emptyAnswer);
}

/** A response whose body is the given pieces; with `breaks` it ends in an error as a lost connection does. */
function streaming(pieces: readonly (string | Uint8Array)[], headers: Record<string, string> = {}, breaks = false): Response {
  const encoder = new TextEncoder();
  const rest = [...pieces];
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = rest.shift();
        if (piece !== undefined) controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
        else if (breaks) controller.error(new TypeError("network"));
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream", ...headers } });
}

afterEach(() => {
  vi.unstubAllGlobals();
  queryClient.clear();
});

describe("event stream", () => {
  it("reads the same events wherever the pieces end", async () => {
    const whole = new EventParser().push(recorded);
    expect(whole).toHaveLength(15);
    const bytes = new TextEncoder().encode(recorded.replaceAll("\n", "\r\n"));
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
      const events = [];
      for await (const event of eventsOf(streaming(pieces))) events.push(event);
      expect(events, `pieces of ${size}`).toEqual(whole);
    }
  });

  it("joins data lines, keeps ids, skips comments and drops what is incomplete", () => {
    const events = new EventParser().push(": hi\nid: 4\nevent: index\ndata: a\ndata:b\nretry: 10\n\ndata\n\ndata: lost");
    expect(events).toEqual([
      { id: "4", event: "index", data: "a\nb" },
      { id: "4", event: "message", data: "" },
    ]);
  });
});

describe("answer", () => {
  it("is folded from a recorded stream", () => {
    const answer = fold(recorded);
    expect(textOf(answer)).toBe("The film was annealed for 40 minutes[^c1] at 500 °C.");
    expect(answer).toMatchObject({
      messageId: "m2",
      conversation: { id: "k1", title: "Annealing time" },
      supported: true,
      finished: true,
      error: undefined,
      usage: { inputTokens: 812, outputTokens: 31, durationMs: 1840 },
      searched: { files: 12, chunks: 210, passages: [{ path: "notes/anneal.md", line: 14, page: undefined }] },
    });
    expect(answer.citations).toHaveLength(1);
    expect(answer.citations[0]).toMatchObject({ id: "c1", number: 1, state: "verified", start: 310, end: 333, page: undefined });
  });

  it("is the same from the stored message", () => {
    const parts = [
      { type: "data-citation", id: "c1", data: { number: 1, path: "a.md", state: "stale", start: 1, end: 2, quote: "q\n r", line: 3 } },
      { type: "text", text: "Said[^c1]." },
      { type: "data-support", data: { supported: true } },
    ];
    const answer = answerOf({ id: "m", parts, usage: { durationMs: 7 } });
    expect(answer).toMatchObject({ messageId: "m", finished: true, usage: { durationMs: 7 }, citations: [{ id: "c1", state: "stale" }] });
    expect(markdownOf(answer)).toBe("Said[^c1].\n\n[^c1]: a.md, l. 3: “q r”\n");
  });

  it("recorded from a server is the same as the message that server stored", () => {
    const streamed = fold(offlineStream);
    const stored = answerOf(offlineMessage);
    expect(textOf(streamed).trim()).toBe(textOf(stored).trim());
    expect(streamed.citations.length).toBeGreaterThan(1);
    for (const field of ["messageId", "citations", "searched", "supported", "error", "finished"] as const) {
      expect(streamed[field], field).toEqual(stored[field]);
    }
  });

  it("ignores parts it does not know and trusts no state it does not know", () => {
    const parts: unknown[] = [null, 1, "x", [], {}, { type: "tool-input-start" }, { type: "data-progress", data: { phase: "dancing" } }];
    expect(parts.reduce<Answer>(reduce, emptyAnswer)).toBe(emptyAnswer);
    expect(reduce(emptyAnswer, { type: "data-citation", id: "c1", data: { state: "certain" } }).citations[0]?.state).toBe("unsupported");
    expect(reduce(emptyAnswer, { type: "data-citation", data: { state: "verified" } }).citations).toEqual([]);
  });
});

describe("growing text", () => {
  it.each([
    ["so it was[^c", "so it was"],
    ["so it was[^c1]", "so it was"],
    ["so it was[^c1].", "so it was[^c1]."],
    ["see [here](https://exa", "see "],
    ["see [here](https://example.org)", "see [here](https://example.org)"],
    ["a [b] c", "a [b] c"],
    ["plain", "plain"],
  ])("%j is shown as %j", (text, shown) => {
    expect(steady(text)).toBe(shown);
  });
});

describe("live answer", () => {
  const steadyHost = { wait: async () => {}, unread: async () => 0 };
  const headers = { "x-innoclaw-conversation-id": "k1", "x-innoclaw-run-id": "r1" };
  const events = recorded.split("\n\n").map((event) => `${event}\n\n`);
  const settled = (live: LiveAnswers) => vi.waitFor(() => expect(live.of("w", "k1")?.state).toMatch(/ended|failed/));

  it("goes on behind the last event after lost connections, without loss or repetition", async () => {
    const asked: { url: string; last: string | null }[] = [];
    const responses = [
      streaming([events.slice(0, 7).join(""), events[7]?.slice(0, 40) ?? ""], headers, true),
      new Response("", { status: 502 }),
      // the server sends the last one again before it goes on
      streaming([events.slice(6, 9).join("")], {}, true),
      streaming([events.slice(9).join("")]),
    ];
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      asked.push({ url, last: new Headers(init.headers).get("last-event-id") });
      return responses.shift();
    });
    const waits: number[] = [];
    const live = new LiveAnswers({ ...steadyHost, wait: async (ms) => void waits.push(ms) });
    expect(await live.ask("w", "", "How long?", [])).toBe("k1");
    await settled(live);
    expect(live.of("w", "k1")).toMatchObject({ state: "ended", runId: "r1", question: "How long?", answer: fold(recorded) });
    expect(asked).toEqual([
      { url: "/api/chat", last: null },
      { url: "/api/conversations/k1/stream", last: "6" },
      { url: "/api/conversations/k1/stream", last: "6" },
      { url: "/api/conversations/k1/stream", last: "8" },
    ]);
    expect(waits).toEqual([250, 500, 250]);
  });

  it("takes up an answer found under way, and ends when there is none any more", async () => {
    const responses = [streaming([events.slice(0, 5).join("")], {}, true), new Response(null, { status: 204 })];
    vi.stubGlobal("fetch", async () => responses.shift());
    const live = new LiveAnswers(steadyHost);
    live.attach("w", "k1", "r1");
    await settled(live);
    expect(live.of("w", "k1")).toMatchObject({ state: "ended", answer: { finished: false, searched: { files: 12 } } });
  });

  it("asks for the stored conversation after the end, even while an older answer is on its way", async () => {
    let answerOld: (response: Response) => void = () => {};
    const old = new Promise<Response>((resolve) => {
      answerOld = resolve;
    });
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: string) => {
      if (url === "/api/chat") return streaming(events, headers);
      asked.push(url);
      return asked.length === 1 ? old : new Response('{"id":"k1","messages":[{"state":"complete"}]}');
    });
    const observer = new QueryObserver(queryClient, conversation("k1"));
    const stop = observer.subscribe(() => {});
    const live = new LiveAnswers(steadyHost);
    await live.ask("w", "", "How long?", []);
    await settled(live);
    answerOld(new Response('{"id":"k1","messages":[{"state":"streaming"}]}'));
    await vi.waitFor(() => expect(observer.getCurrentResult().data?.messages?.[0]?.state).toBe("complete"));
    expect(asked).toHaveLength(2);
    stop();
  });

  it("remembers how many files were not read yet when it was asked", async () => {
    vi.stubGlobal("fetch", async () => streaming(events, headers));
    const live = new LiveAnswers({ ...steadyHost, unread: async () => 12 });
    await live.ask("w", "", "How long?", []);
    await settled(live);
    expect(unreadOf("r1")).toBe(12);
    expect(unreadOf("r2")).toBe(0);
    for (let n = 0; n < 100; n++) rememberUnread(`later${n}`, 1);
    expect(unreadOf("r1")).toBe(0);
    localStorage.setItem("innoclaw.unread", '{"broken":[1]}');
    expect(unreadOf("later1")).toBe(0);
  });

  it("keeps a refused question and says why", async () => {
    const problem = { status: 503, code: "model_unavailable", error: "no model" };
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(problem), { status: 503 }));
    const live = new LiveAnswers(steadyHost);
    await expect(live.ask("w", "", "Why?", [])).rejects.toMatchObject({ code: "model_unavailable" });
    expect(live.of("w", "")).toMatchObject({ state: "failed", question: "Why?" });
  });
});
