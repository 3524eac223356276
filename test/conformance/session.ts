import { once } from "node:events";
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";

import type { RunningHost } from "./client.ts";

/** Opens one HTTP/2 connection to a host, for as long as `talk` takes. */
export async function withSession<T>(
  host: RunningHost,
  talk: (session: ClientHttp2Session) => Promise<T>,
): Promise<T> {
  const session = connect(host.url, { rejectUnauthorized: false });
  const closed = new Promise((resolve) => session.once("close", resolve));
  await once(session, "connect");
  // As large as a browser's, so that one stream that is not read does not use up the window of the connection.
  session.setLocalWindowSize(2 ** 24);
  try {
    return await talk(session);
  } finally {
    session.destroy();
    await closed;
  }
}

/** Asks for a URL of a `Client`. */
export function request(session: ClientHttp2Session, url: string): ClientHttp2Stream {
  const { pathname, search } = new URL(url);
  const stream = session.request({ ":path": pathname + search });
  stream.on("error", () => {}); // `close` follows, and `rstCode` says the same
  return stream;
}

/** Resolves when a stream is over, however it ended. */
export function over(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

/** Reads a whole answer. */
export async function readAll(
  stream: ClientHttp2Stream,
): Promise<{ status: number; text: string }> {
  let status = 0;
  let text = "";
  stream.once("response", (headers) => (status = headers[":status"] ?? 0));
  stream.on("data", (bytes: Buffer) => (text += bytes.toString()));
  await over(stream);
  return { status, text };
}
