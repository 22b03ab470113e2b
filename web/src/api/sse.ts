/** Server-sent events over fetch: unlike EventSource it can post, sees the status, and resumes where the caller says. */
import { ApiError } from "./client";

export interface ServerEvent {
  /** The last id seen so far, also for events that carry none. */
  id: string;
  event: string;
  data: string;
}

/** Reads the event-stream format piece by piece; pieces may end anywhere. */
export class EventParser {
  private buffer = "";
  private id = "";
  private event = "";
  private data: string[] = [];

  push(chunk: string): ServerEvent[] {
    this.buffer += chunk;
    const events: ServerEvent[] = [];
    let from = 0;
    for (;;) {
      const match = /\r\n|\n|\r/.exec(this.buffer.slice(from, from + 1_000_000));
      if (!match) break;
      const end = from + match.index;
      // A lone CR at the very end may be the first half of CRLF.
      if (match[0] === "\r" && end + 1 === this.buffer.length) break;
      this.line(this.buffer.slice(from, end), events);
      from = end + match[0].length;
    }
    this.buffer = this.buffer.slice(from);
    return events;
  }

  private line(line: string, events: ServerEvent[]): void {
    if (line === "") {
      if (this.data.length > 0) events.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
      this.data = [];
      this.event = "";
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.event = value;
    else if (field === "id" && !value.includes("\0")) this.id = value;
  }
}

/**
 * The events of a response's body. Ends when the server closes; a lost connection is ApiError "network".
 * Events still lacking their empty line when the stream ends are dropped, as the format demands.
 */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("network", 0, "The connection was lost.");
  } finally {
    await reader.cancel().catch(() => {});
  }
}
