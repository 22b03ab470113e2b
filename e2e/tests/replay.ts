import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { freePort } from "./product.ts";

/** How the next answers are given. */
export interface Script {
  /** The answer's text in the pieces it is streamed in; made from what was sent, since ids and words come from there. */
  pieces: (system: string) => string[];
  /** Waits before each piece, in ms. */
  pause: number;
}

/**
 * A model behind the Chat Completions wire format: `GET /v1/models`, and `POST /v1/chat/completions` as server-sent
 * events, for those who show the right key.
 */
export class Replay {
  readonly calls: { authorization: string; body: string }[] = [];
  script: Script = { pieces: () => ["Nothing to say."], pause: 0 };

  private constructor(
    private readonly server: Server,
    readonly port: number,
    readonly key: string,
  ) {}

  static async start(key: string): Promise<Replay> {
    const port = await freePort();
    const server = createServer();
    const replay = new Replay(server, port, key);
    server.on("request", (request, response) => void replay.serve(request, response));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return replay;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    const authorization = request.headers.authorization ?? "";
    if (authorization !== `Bearer ${this.key}`) {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "Incorrect API key provided.", type: "invalid_request_error", param: null, code: "invalid_api_key" } }));
      return;
    }
    if (request.url === "/v1/models") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ object: "list", data: [{ id: "replay-small", object: "model", created: 1_700_000_000, owned_by: "replay" }] }));
      return;
    }
    this.calls.push({ authorization, body });
    await this.answer(body, response);
  }

  private async answer(body: string, response: ServerResponse): Promise<void> {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: unknown }[] };
    const system = messages.map((message) => (typeof message.content === "string" ? message.content : JSON.stringify(message.content))).join("\n");
    const chunk = (choices: unknown[], rest: object = {}) =>
      `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "replay-small", choices, ...rest })}\n\n`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]));
    for (const content of this.script.pieces(system)) {
      await new Promise((resolve) => setTimeout(resolve, this.script.pause));
      if (response.destroyed) return;
      response.write(chunk([{ index: 0, delta: { content }, finish_reason: null }]));
    }
    response.write(chunk([{ index: 0, delta: {}, finish_reason: "stop" }]));
    response.write(chunk([], { usage: { prompt_tokens: 812, completion_tokens: 31, total_tokens: 843 } }));
    response.end("data: [DONE]\n\n");
  }
}

/** The id of the first passage given to the model that holds the words. */
export function passageWith(system: string, words: string): string {
  for (const [, id, text] of system.matchAll(/<passage-\S+ id="([^"]+)"[^>]*>([\s\S]*?)<\/passage-/g)) {
    if (id !== undefined && text?.includes(words)) return id;
  }
  throw new Error(`no passage holds ${JSON.stringify(words)}`);
}
