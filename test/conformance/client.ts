import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { curl } from "../support/curl.ts";
import { fetch as answerOfApp } from "./app.ts";
import type { ProbeRecord } from "./probe.ts";
import { readAll, request, withSession } from "./session.ts";

/** A host that is up. */
export interface RunningHost {
  /** Where the app is, without a slash at the end; may have a path. */
  readonly url: string;
  /** Arguments that every curl needs: `-k`, `--http2-prior-knowledge`. */
  readonly curl?: readonly string[] | undefined;
  /** The app runs in the process of the tests. */
  readonly inProcess?: boolean | undefined;
  /** The process of a host that is not in this one. */
  readonly pid?: number | undefined;
  close(): Promise<void>;
}

/** How a client saw a response end. */
export type Ending = "complete" | "cut" | "no answer" | "hangs" | `curl ${number}`;

/** A whole answer. */
export interface Answer {
  readonly ends: Ending;
  /** 0 when there was none. */
  readonly status: number;
  readonly body: Buffer;
  readonly text: string;
  /** HTTP version of the answer: `1.1`, `2`. */
  readonly version: string;
}

/** How long a client waits for what should happen at once, in ms. Generous: the machine may be busy. */
const PATIENCE = 5_000;

/** Exit codes of curl. */
const endings: Record<number, Ending> = {
  0: "complete",
  18: "cut",
  28: "hangs",
  52: "no answer",
  56: "cut",
  92: "cut",
};

/** One user of a host, with a probe id of its own. */
export class Client {
  readonly host: RunningHost;
  readonly protocol: string;
  readonly probe: string = randomUUID();

  constructor(host: RunningHost, protocol: string) {
    this.host = host;
    this.protocol = protocol;
  }

  /** Another user of the same host. */
  another(): Client {
    return new Client(this.host, this.protocol);
  }

  /** `path` on the host, under this client's probe id. */
  url(path: string): string {
    return `${this.host.url}${path}${path.includes("?") ? "&" : "?"}probe=${this.probe}`;
  }

  /** Asks curl for a whole answer. */
  async get(path: string, args: readonly string[] = []): Promise<Answer> {
    const all = [...(this.host.curl ?? []), ...args, "-w", REPORT, this.url(path)];
    const { code, body, text, stderr } = await curl(all, { timeout: 10_000 });
    const [report] = reportsIn(stderr);
    return { ends: endingOf(code), body, text, status: 0, version: "", ...report };
  }

  /**
   * Whether a connection that has carried an answer to `path` carries the next one too. Not asked of HTTP/1.0, where each
   * answer has its own.
   */
  async reuses(path: string): Promise<boolean> {
    if (this.protocol === "HTTP/1.0") return true;
    const first = this.another().url(path);
    const second = this.another().url("/whole");
    if (this.protocol === "HTTP/2") {
      // Not with curl: its 7.88 fails with a framing error when it takes a connection without TLS up again.
      return withSession(this.host, async (session) => {
        await readAll(request(session, first));
        const { status } = await readAll(request(session, second));
        return status === 200;
      });
    }
    const urls = ["-o", "/dev/null", first, "-o", "/dev/null", second];
    const { stderr } = await curl([...(this.host.curl ?? []), "-w", REPORT, ...urls]);
    const [, next] = reportsIn(stderr);
    return next?.status === 200 && next.connections === 0;
  }

  /** Starts a curl that reads only when it is told to. */
  open(path: string, args: readonly string[] = []): Reader {
    return new Reader([...(this.host.curl ?? []), ...args, this.url(path)]);
  }

  /** What the app recorded for this client so far. */
  async record(): Promise<ProbeRecord> {
    return this.#ask("/probe");
  }

  /** Confirms a chunk to `/acknowledged`. */
  async acknowledge(): Promise<void> {
    await this.#ask("/ack");
  }

  /** The record as soon as `check` likes it, or as it is when `patience` ms are over. */
  async recordWhen(
    check: (record: ProbeRecord) => boolean,
    patience: number = PATIENCE,
  ): Promise<ProbeRecord> {
    const deadline = performance.now() + patience;
    while (true) {
      const record = await this.record();
      if (check(record) || performance.now() > deadline) return record;
      await delay(10);
    }
  }

  /** What the app noticed of the end of a response, once it has. */
  async seenToEnd(): Promise<Pick<ProbeRecord, "finished" | "aborted" | "outcomes">> {
    const { finished, aborted, outcomes } = await this.recordWhen(
      (record) => record.finished > 0 && record.outcomes.length > 0,
    );
    return { finished, aborted, outcomes };
  }

  async #ask(path: string): Promise<ProbeRecord> {
    const url = this.url(path);
    const answer = this.host.inProcess
      ? answerOfApp(new Request(url))
      : await fetch(url, { headers: { connection: "close" } });
    return (await answer.json()) as ProbeRecord;
  }
}

/** A curl whose output is read step by step; while nobody reads, curl does not read from its socket either. */
export class Reader {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #exit: Promise<[number | null]>;
  /** What was read so far, by `until`. */
  text = "";

  constructor(args: readonly string[]) {
    this.#child = spawn("curl", ["-sS", "-N", "--max-time", "30", ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#exit = once(this.#child, "close") as Promise<[number | null]>;
  }

  /** Reads until the text so far contains `part`; false when the response ended before, or nothing came in time. */
  async until(part: string, patience: number = PATIENCE): Promise<boolean> {
    const { stdout } = this.#child;
    const deadline = performance.now() + patience;
    while (!this.text.includes(part)) {
      const chunk = stdout.read() as Buffer | null;
      if (chunk !== null) this.text += chunk.toString();
      else if (stdout.readableEnded || performance.now() > deadline) return false;
      else await this.#news();
    }
    return true;
  }

  /** Resolves when there may be something to read, or soon. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        this.#child.stdout.off("readable", stop).off("end", stop);
        resolve();
      };
      const timer = setTimeout(stop, 20);
      this.#child.stdout.on("readable", stop).on("end", stop);
    });
  }

  /** Reads to the end. */
  async rest(): Promise<{ ends: Ending; bytes: number; hash: string }> {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of this.#child.stdout as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const [code] = await this.#exit;
    return { ends: endingOf(code ?? -1), bytes, hash: hash.digest("hex") };
  }

  /** Leaves: the kernel closes the socket of a killed curl. */
  async leave(): Promise<void> {
    this.#child.kill("SIGKILL");
    this.#child.stdout.resume();
    await this.#exit;
  }
}

/** Lets curl report on each answer, apart from the body. */
const REPORT = "%{stderr}\n%{http_code} %{http_version} %{num_connects}\n";

function reportsIn(stderr: string) {
  return Array.from(
    stderr.matchAll(/^(\d+) (\S+) (\d+)$/gm),
    ([, status, version, connections]) => ({
      status: Number(status),
      version: version ?? "",
      connections: Number(connections),
    }),
  );
}

function endingOf(code: number): Ending {
  return endings[code] ?? `curl ${code}`;
}
