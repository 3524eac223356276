import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "../../support/eventually.ts";

/** A program that runs beside the tests, in the foreground of a child process. */
export interface Running {
  /** What it has printed so far. */
  log(): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** How a server program is started. */
interface Program {
  readonly command: string;
  /** The file to write into the program's own folder before it starts. */
  readonly config: { readonly name: string; readonly text: string };
  args(config: string, folder: string): readonly string[];
}

/** Starts a server and waits until it accepts connections on `port`. */
export async function startOnPort(
  port: number,
  describeProgram: (folder: string) => Program,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-proxy-"));
  const { command, config, args } = describeProgram(folder);
  const path = join(folder, config.name);
  await writeFile(path, config.text);
  const child = spawn(command, args(path, folder), {
    cwd: folder,
    env: { ...process.env, HOME: folder, PATH: `/usr/sbin:/sbin:${process.env["PATH"] ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (data: Buffer) => (text += data.toString()));
  }
  let problem: Error | undefined;
  child.once("error", (error) => (problem = error));
  const kill = () => child.kill("SIGKILL"); // a test run that ends early leaves nothing behind
  process.once("exit", kill);

  const gone = () => problem !== undefined || child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    process.off("exit", kill);
    if (!gone()) {
      const exited = once(child, "exit");
      kill(); // not a graceful end, which would wait for the streams that a test has left open
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => gone() || accepts(port), {
      timeout: 10_000,
      what: `${command} to answer`,
    });
    if (gone()) throw problem ?? new Error(`${command} ended at once`);
  } catch (error) {
    await stop();
    throw new Error(`${command} did not start:\n${config.text}\n${text}`, { cause: error });
  }
  return { log: () => text, stop };
}

/** A port of the loopback interface that nobody listens on, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // of a TCP server
  server.close();
  await once(server, "close");
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const answer = (value: boolean) => () => {
      socket.destroy();
      resolve(value);
    };
    socket.once("connect", answer(true));
    socket.once("error", answer(false));
  });
}
