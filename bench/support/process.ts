import { execFile, fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What a server process says of itself. */
export interface Usage {
  /** User and system time since its start, in µs. */
  readonly cpu: number;
  /** Resident memory, in bytes. */
  readonly rss: number;
  /** Used JavaScript heap, in bytes. */
  readonly heap: number;
}

/** Whatever happens to the benchmark, its processes end with it. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A Node process of ours that answers messages. */
export class Helper {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Sends a request and resolves with the answer; one at a time. */
  async ask<T>(request: object): Promise<T> {
    const answer = once(this.#child, "message");
    this.#child.send(request);
    const [message] = await answer;
    return message as T; // both ends are in this folder
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL"); // it may be too busy to listen to anything else
    await exit;
  }
}

export class ServerProcess extends Helper {
  readonly name: string;
  readonly port: number;

  constructor(child: ChildProcess, name: string, port: number) {
    super(child);
    this.name = name;
    this.port = port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** CPU and memory of the process; `collect` runs the garbage collector first. */
  usage({ collect = false } = {}): Promise<Usage> {
    return this.ask<Usage>({ collect });
  }
}

/** Starts `bench/servers/<name>.ts` in a process of its own, with `flags` for Node. */
export async function startServer(name: string, flags: string[] = []): Promise<ServerProcess> {
  const all = ["--conditions=millrace-source", "--expose-gc", ...flags];
  const child = start(`../servers/${name}.ts`, all);
  const [port] = await once(child, "message");
  return new ServerProcess(child, name, port as number);
}

/**
 * Flags for figures about memory. V8's nursery grows with what a process has ever allocated at once: tens of MB that belong to
 * no stream. With one size from the start, filled before the streams open, it is the same before and after.
 */
export const fixedNursery: string[] = ["--min-semi-space-size=16", "--max-semi-space-size=16"];

/** Starts `bench/clients/<name>.ts` in a process of its own. */
export async function startClient(name: string): Promise<Helper> {
  const child = start(`../clients/${name}.ts`, []);
  await once(child, "message");
  return new Helper(child);
}

/** Servers by name, started together, and stopped whatever happens. */
export async function withServers<T>(
  names: readonly string[],
  body: (servers: ServerProcess[]) => Promise<T>,
): Promise<T> {
  const servers: ServerProcess[] = [];
  try {
    for (const name of names) servers.push(await startServer(name));
    return await body(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Fetches with curl, in a coding if one is named, drops the bytes as they came, and resolves with their number. */
export function drop(url: string, coding?: string): Promise<number> {
  const wish = coding === undefined ? [] : ["-H", `accept-encoding: ${coding}`];
  const quiet = ["-sS", "-o", "/dev/null", "-w", "%{size_download}", "--max-time", "120"];
  const args = [...quiet, ...wish, url];
  return new Promise((resolve, reject) => {
    execFile("curl", args, (error, stdout) => (error ? reject(error) : resolve(Number(stdout))));
  });
}

/** A curl that drops the bytes until it is told to stop; `done` resolves when it ends either way. */
export function keepDropping(url: string): { stop(): void; done: Promise<unknown> } {
  const child = spawn("curl", ["-s", "-o", "/dev/null", url], { stdio: "ignore" });
  return { stop: () => void child.kill("SIGKILL"), done: once(child, "exit") };
}

function start(path: string, execArgv: string[]): ChildProcess {
  const file = new URL(path, import.meta.url);
  const child = fork(file, { execArgv, env: { ...process.env, NODE_ENV: "production" } });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}
