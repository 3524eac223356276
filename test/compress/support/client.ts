import { spawn } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";

import { createDecoder } from "./codings.ts";

export const protocols = ["HTTP/1.0", "HTTP/1.1", "HTTP/2"] as const;
export type Protocol = (typeof protocols)[number];

const flags: Readonly<Record<Protocol, string>> = {
  "HTTP/1.0": "--http1.0",
  "HTTP/1.1": "--http1.1",
  "HTTP/2": "--http2-prior-knowledge",
};

/** A response with its body as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: NodeJS.Dict<string>;
}

/** Asks for `url` in one coding, and decodes nothing. */
export async function getRaw(url: string, headers: Record<string, string>): Promise<RawAnswer> {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on("error", reject);
  });
  const body = await buffer(message);
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    body,
    trailers: message.trailers,
  };
}

/** A request of curl that is answered while the test looks on. */
export interface OpenRequest extends AsyncDisposable {
  /** The bytes of the body as they come, coded. */
  readonly body: Readable;
  /** Exit code: 0 only when the response was complete. */
  readonly exited: Promise<number>;
  /** Drops the connection. */
  leave(): Promise<void>;
}

/** Asks for `url` in one coding. */
export function open(url: string, coding: string, protocol: Protocol = "HTTP/1.1"): OpenRequest {
  const args = [
    "-sN",
    "--max-time",
    "30",
    flags[protocol],
    "-H",
    `accept-encoding: ${coding}`,
    url,
  ];
  const child = spawn("curl", args, { stdio: ["ignore", "pipe", "ignore"] });
  const exited = once(child, "close").then(([code]) => Number(code ?? -1));
  const leave = async () => {
    child.kill("SIGKILL");
    child.stdout.destroy();
    await exited;
  };
  return { body: child.stdout, exited, leave, [Symbol.asyncDispose]: leave };
}

/** What comes out of a decoder, piece by piece. */
export class DecodedReader {
  text = "";
  readonly #parts: AsyncIterator<Buffer>;

  constructor(body: Readable, coding: string) {
    const decoder = body.pipe(createDecoder(coding));
    this.#parts = (decoder as unknown as AsyncIterable<Buffer>)[Symbol.asyncIterator](); // all of node:zlib are
  }

  /** Reads until `text` is there; returns what was read. */
  async until(text: string): Promise<string> {
    while (!this.text.includes(text)) {
      const step = await this.#parts.next();
      if (step.done === true) break;
      this.text += step.value.toString();
    }
    return this.text;
  }
}
