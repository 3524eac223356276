import { once } from "node:events";
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";

import type { Server } from "millrace/node";

/** Opens an HTTP/2 session to a server; it ends with the block that it is used in. */
export async function openSession(
  server: Pick<Server, "url">,
  options: ClientSessionOptions | SecureClientSessionOptions = {},
): Promise<ClientHttp2Session & Disposable> {
  const url = server.url.replace("localhost", "127.0.0.1");
  const session = connect(url, { rejectUnauthorized: false, ...options });
  session.on("error", () => {}); // `close` follows
  await once(session, "connect");
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() });
}

/** Starts a request whose end is seen by `over`, not by an error. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  { body = false } = {},
): ClientHttp2Stream {
  const stream = session.request(headers, { endStream: !body });
  stream.on("error", () => {}); // `close` follows, and `rstCode` says the same
  return stream;
}

/** Resolves when a stream is over, however it ended. */
export function over(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => (stream.closed ? resolve() : stream.once("close", resolve)));
}

/** What a client saw of one response. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  /** 0 when the stream ended well. */
  readonly code: number | undefined;
}

/** Reads a whole answer. */
export async function readAll(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: Record<string, string | string[] | undefined> = {};
  let text = "";
  stream.once("response", (fields) => (headers = { ...fields }));
  stream.on("data", (bytes: Buffer) => (text += bytes.toString()));
  await over(stream);
  return { status: Number(headers[":status"] ?? 0), headers, text, code: stream.rstCode };
}
