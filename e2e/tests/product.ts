import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { once } from "node:events";

const binary = resolve(process.env.INNOCLAW_BINARY ?? join(import.meta.dirname, "../../bin/innoclaw"));

/** A free port on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** The real program, run on a data folder of its own. */
export class Product {
  private process: ChildProcess | undefined;
  private output = "";
  setupLink = "";

  private constructor(
    readonly dir: string,
    readonly port: number,
    private readonly env: Record<string, string>,
  ) {}

  /** Makes a data folder and starts the program. */
  static async start(env: Record<string, string> = {}): Promise<Product> {
    const dir = await mkdtemp(join(tmpdir(), "innoclaw-e2e-"));
    const product = new Product(dir, await freePort(), env);
    await product.up();
    return product;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Where the sample workspace's files are. */
  get sample(): string {
    return join(this.dir, "data", "workspaces", "sample-study");
  }

  /** Starts the program and waits until it answers. */
  async up(): Promise<void> {
    this.output = "";
    const child = spawn(binary, ["serve", "--listen", `127.0.0.1:${this.port}`, "--data", join(this.dir, "data")], {
      cwd: this.dir,
      env: { PATH: process.env.PATH ?? "", HOME: this.dir, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    for (let i = 0; i < 300; i++) {
      if (child.exitCode !== null) throw new Error(`the program ended:\n${this.output}`);
      try {
        const answer = await fetch(`${this.url}/api/health`);
        if (answer.ok) break;
      } catch {
        // Not listening yet.
      }
      if (i === 299) throw new Error(`the program does not answer:\n${this.output}`);
      await new Promise((r) => setTimeout(r, 100));
    }
    this.setupLink = /http:\/\/\S+setup\S*/.exec(this.output)?.[0] ?? "";
  }

  /** Ends the program; with SIGKILL it gets no chance to tidy up. */
  async down(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Ends the program and removes its folder. */
  async remove(): Promise<void> {
    await this.down("SIGKILL");
    await rm(this.dir, { recursive: true, force: true });
  }

  /** What the program has printed since it was last started. */
  get log(): string {
    return this.output;
  }
}
