import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** A client on a connection of its own that takes bytes only when it is told to. */
export interface Reader {
  /** The Content-Encoding of the response. */
  readonly encoding: string;
  /** The next bytes as text; undefined at a clean end. @throws when the response is cut. */
  read(): Promise<string | undefined>;
  /** Reads to the end. @throws when the response is cut. */
  readAll(): Promise<string>;
  /** Closes the connection. */
  leave(): void;
}

/** Asks for `url` and resolves when the head of the response is there; `gzip` accepts gzip and takes it off. */
export async function openReader(url: string, { gzip = false } = {}): Promise<Reader> {
  const headers = gzip ? { "accept-encoding": "gzip" } : {};
  const request = get(url, { agent: false, headers });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const encoding = response.headers["content-encoding"] ?? "identity";
  const body: Readable = encoding === "gzip" ? response.compose(createGunzip()) : response;
  body.setEncoding("utf8");
  body.on("error", () => {}); // of interest only to those who read
  const chunks: AsyncIterator<string> = body[Symbol.asyncIterator]();
  const read = async () => {
    const step = await chunks.next();
    return step.done === true ? undefined : step.value;
  };
  return {
    encoding,
    read,
    async readAll() {
      let text = "";
      for (let chunk = await read(); chunk !== undefined; chunk = await read()) text += chunk;
      return text;
    },
    leave: () => request.destroy(),
  };
}
