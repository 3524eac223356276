import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";

import { within } from "./within.ts";

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Whether signals go to it and to all that it starts, as those of a terminal do. */
  group?: boolean;
}

/** A process of its own. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** What it has printed so far. */
  stdout = "";
  stderr = "";
  /** Exit code, or the signal that ended it; when all it printed is here. */
  readonly exited: Promise<number | NodeJS.Signals | null>;

  readonly #group: boolean;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { group = false, ...rest } = options;
    this.#group = group;
    this.child = spawn(command, args, {
      ...rest,
      detached: group,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout.on("data", (bytes: Buffer) => (this.stdout += bytes.toString()));
    this.child.stderr.on("data", (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.exited = new Promise((resolve) => {
      this.child.on("close", (code, signal) => resolve(code ?? signal));
      this.child.on("error", () => resolve(null));
    });
  }

  /** Resolves with what `pattern` finds in what it prints, as soon as it is there. */
  async printed(pattern: RegExp, patience = 20_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + patience;
    let over = false;
    void this.exited.then(() => (over = true));
    while (true) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (found !== null) return found;
      if (over || performance.now() > deadline) {
        throw new Error(`${pattern} was not printed:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Its end, when that comes by itself. */
  ended(patience = 20_000): Promise<number | NodeJS.Signals | null> {
    return within(this.exited, `the end of ${this.child.spawnargs.join(" ")}`, patience);
  }

  kill(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(this.#group ? -pid : pid, signal);
    } catch {
      // it has ended before
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exited;
  }
}
