import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** A server in a process of its own. */
export interface Program {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** How a server is started. */
export interface ProgramOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Finds the port in what the program prints: its first group. */
  readonly port: RegExp;
}

/** How long a program may take to say where it listens, and to end when it is told to, in ms. */
const START = 30_000;
const STOP = 3_000;

/**
 * Starts a program that serves on a free port of 127.0.0.1, and waits until it says on which.
 *
 * @throws with all that it printed, when it ends or stays silent instead.
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  { cwd, env, port }: ProgramOptions,
): Promise<Program> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill); // should the tests themselves be killed
  const closed = once(child, "close").finally(() => process.off("exit", kill));

  let output = "";
  const found = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        if (output.length < 100_000) output += text;
        const match = port.exec(output);
        if (match?.[1] !== undefined) resolve(match[1]);
      });
    }
  });
  const tooLate = delay(START, undefined, { ref: false });
  const listening = await Promise.race([found, closed, tooLate]);
  if (typeof listening !== "string" || child.pid === undefined) {
    kill();
    throw new Error(`${command} ${args.join(" ")} does not listen:\n${output}`);
  }
  return {
    url: `http://127.0.0.1:${listening}`,
    pid: child.pid,
    async close() {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Runs a program to its end. */
export async function runProgram(
  command: string,
  args: readonly string[],
  { cwd, env }: Pick<ProgramOptions, "cwd" | "env">,
): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed (${code}):\n${output}`);
}
