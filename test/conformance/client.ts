import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { CodingName } from "millrace/compress";

import { curl } from "../support/curl.ts";
import { fetch as answerOfApp } from "./app.ts";
import { createDecoder, decode, endOf } from "./decode.ts";
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

/** How a client saw a response end; where it is coded, both the message and the coding must have come to their end. */
export type Ending =
  | "complete"
  | "cut"
  | "cut after its end"
  | "no answer"
  | "hangs"
  | `curl ${number}`;

/** A whole answer. */
export interface Answer {
  readonly ends: Ending;
  /** 0 when there was none. */
  readonly status: number;
  /** Decoded. */
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
  readonly #coding: CodingName | undefined;
  readonly probe: string = randomUUID();

  /** `coding` is the one coding that it accepts, and insists on. */
  constructor(host: RunningHost, protocol: string, coding?: CodingName) {
    this.host = host;
    this.protocol = protocol;
    this.#coding = coding;
  }

  /** Another user of the same host. */
  another(): Client {
    return new Client(this.host, this.protocol, this.#coding);
  }

  /** What each request says. */
  get headers(): Readonly<Record<string, string>> {
    return this.#coding === undefined ? {} : { "accept-encoding": this.#coding };
  }

  /** `path` on the host, under this client's probe id. */
  url(path: string): string {
    return `${this.host.url}${path}${path.includes("?") ? "&" : "?"}probe=${this.probe}`;
  }

  /** Asks curl for a whole answer. */
  async get(path: string, args: readonly string[] = []): Promise<Answer> {
    const all = [...this.#curl, ...args, "-w", REPORT, this.url(path)];
    const { code, body: sent, stderr } = await curl(all, { timeout: 10_000 });
    const [{ status, version, method, coding } = none] = reportsIn(stderr);
    if (method === "HEAD") {
      return { ends: endingOf(code), body: sent, text: sent.toString(), status, version };
    }
    if (status === 200 && coding !== this.#coding) throw new Error(`${path} came uncoded`);
    const { body, ended } = decode(sent, coding);
    return { ends: endingOf(code, ended), body, text: body.toString(), status, version };
  }

  /** Asks over an HTTP/2 connection to the host. */
  request(session: ClientHttp2Session, path: string): ClientHttp2Stream {
    return request(session, this.url(path), this.headers);
  }

  /**
   * Whether a connection that has carried an answer to `path` carries the next one too. Not asked of HTTP/1.0, where each
   * answer has its own.
   */
  async reuses(path: string): Promise<boolean> {
    if (this.protocol === "HTTP/1.0") return true;
    const [first, second] = [this.another(), this.another()];
    if (this.protocol === "HTTP/2") {
      // Not with curl: its 7.88 fails with a framing error when it takes a connection without TLS up again.
      return withSession(this.host, async (session) => {
        await readAll(first.request(session, path));
        const { status } = await readAll(second.request(session, "/whole"));
        return status === 200;
      });
    }
    const urls = [first.url(path), second.url("/whole")].flatMap((url) => ["-o", "/dev/null", url]);
    const { stderr } = await curl([...this.#curl, "-w", REPORT, ...urls]);
    const [, next] = reportsIn(stderr);
    return next?.status === 200 && next.connections === 0;
  }

  /** Starts a curl that reads only when it is told to. */
  open(path: string, args: readonly string[] = []): Reader {
    return new Reader([...this.#curl, ...args, this.url(path)], this.#coding);
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

  /** Arguments of every curl. */
  get #curl(): string[] {
    const headers = Object.entries(this.headers).flatMap(([name, value]) => [
      "-H",
      `${name}: ${value}`,
    ]);
    return [...(this.host.curl ?? []), ...headers];
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
  /** The body, decoded. */
  readonly #body: Readable;
  readonly #coding: CodingName | undefined;
  /** What was read so far, by `until`. */
  text = "";

  constructor(args: readonly string[], coding?: CodingName) {
    this.#child = spawn("curl", ["-sS", "-N", "--max-time", "30", ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#exit = once(this.#child, "close") as Promise<[number | null]>;
    this.#coding = coding;
    const { stdout } = this.#child;
    this.#body = coding === undefined ? stdout : stdout.pipe(createDecoder(coding));
    this.#body.on("error", () => stdout.resume()); // `rest` finds out
  }

  /** Reads until the text so far contains `part`; false when the response ended before, or nothing came in time. */
  async until(part: string, patience: number = PATIENCE): Promise<boolean> {
    const body = this.#body;
    const deadline = performance.now() + patience;
    while (!this.text.includes(part)) {
      const chunk = body.read() as Buffer | null;
      if (chunk !== null) this.text += chunk.toString();
      else if (body.destroyed || body.readableEnded || performance.now() > deadline) return false;
      else await this.#news();
    }
    return true;
  }

  /** Resolves when there may be something to read, or soon. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      const stop = () => {
        clearTimeout(timer);
        this.#body.off("readable", stop).off("end", stop);
        resolve();
      };
      const timer = setTimeout(stop, 20);
      this.#body.on("readable", stop).on("end", stop);
    });
  }

  /** Reads to the end. */
  async rest(): Promise<{ ends: Ending; bytes: number; hash: string }> {
    const hash = createHash("sha256");
    let bytes = 0;
    let ended: boolean | undefined = endOf(this.#coding);
    try {
      for await (const chunk of this.#body as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
      }
    } catch {
      ended = false;
    }
    const [code] = await this.#exit;
    return { ends: endingOf(code ?? -1, ended), bytes, hash: hash.digest("hex") };
  }

  /** Leaves: the kernel closes the socket of a killed curl. */
  async leave(): Promise<void> {
    this.#child.kill("SIGKILL");
    this.#child.stdout.unpipe().resume();
    await this.#exit;
    this.#body.destroy();
  }
}

/** Lets curl report on each answer, apart from the body. */
const REPORT =
  "%{stderr}\n%{http_code} %{http_version} %{num_connects} %{method} %header{content-encoding}\n";

const none = { status: 0, version: "", method: "", coding: undefined };

function reportsIn(stderr: string) {
  return Array.from(
    stderr.matchAll(/^(\d+) (\S+) (\d+) (\S+) (\S*)$/gm),
    ([, status, version, connections, method, coding]) => ({
      status: Number(status),
      version: version ?? "",
      connections: Number(connections),
      method,
      coding: (coding || undefined) as CodingName | undefined, // the one that was asked for
    }),
  );
}

function endingOf(code: number, codingEnded?: boolean): Ending {
  const ending = endings[code] ?? (`curl ${code}` as const);
  if (ending === "complete" && codingEnded === false) return "cut";
  return ending === "cut" && codingEnded === true ? "cut after its end" : ending;
}
