import { once } from "node:events";
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";

import type { CodingName } from "millrace/compress";

import type { RunningHost } from "./client.ts";
import { decode } from "./decode.ts";

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

/** Asks for a URL. `Client` has one that asks for its own. */
export function request(
  session: ClientHttp2Session,
  url: string,
  headers: Readonly<Record<string, string>>,
): ClientHttp2Stream {
  const { pathname, search } = new URL(url);
  const stream = session.request({ ":path": pathname + search, ...headers });
  stream.on("error", () => {}); // `close` follows, and `rstCode` says the same
  return stream;
}

/** Resolves when a stream is over, however it ended. */
export function over(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}

/** Reads a whole answer, or as much of it as came. */
export async function readAll(
  stream: ClientHttp2Stream,
): Promise<{ status: number; text: string }> {
  let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  const chunks: Buffer[] = [];
  stream.once("response", (head) => (headers = head));
  stream.on("data", (bytes: Buffer) => chunks.push(bytes));
  await over(stream);
  const coding = headers["content-encoding"] as CodingName | undefined; // the one that was asked for, or none
  const { body } = decode(Buffer.concat(chunks), coding);
  return { status: headers[":status"] ?? 0, text: body.toString() };
}
