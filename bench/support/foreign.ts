import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { drop } from "./process.ts";

/** What Linux counts the time of a process in; `getconf CLK_TCK` says so everywhere. */
const TICKS_PER_SECOND = 100;

/** Whether a program is on this machine. */
export function installed(command: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A server that is not ours to ask: watched from outside, through /proc. */
export class ForeignServer {
  readonly #child: ChildProcess;
  readonly #port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  /** Starts `command` on a free port, and waits until `path` answers. */
  static async start(
    command: string,
    args: (port: number) => string[],
    { cwd, path }: { cwd: string; path: string },
  ): Promise<ForeignServer> {
    const port = await freePort();
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    const child = spawn(command, args(port), { cwd, env, stdio: ["ignore", "ignore", "inherit"] });
    const server = new ForeignServer(child, port);
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await drop(server.url(path)).catch(() => 0)) > 0) return server;
      await delay(100);
    }
    await server.stop();
    throw new Error(`${command} does not answer`);
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** CPU of the process and of its children, which do the work under gunicorn, in µs. */
  cpu(): number {
    const own = String(this.#child.pid);
    let ticks = 0;
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const fields = statOf(pid); // from the state on: 1 is the parent, 11 and 12 are user and system time (proc(5))
      if (pid !== own && fields[1] !== own) continue;
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return (ticks / TICKS_PER_SECOND) * 1e6;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill();
    await exit;
  }
}

function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before may hold anything
  } catch {
    return []; // it has just ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  server.close();
  await once(server, "close");
  return port;
}
