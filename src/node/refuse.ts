import { isHttp2, type NodeRequestLike, type NodeResponseLike } from "./exchange.ts";
import type { ServerSettings } from "./server-limits.ts";

/**
 * HTTP/1 connections that a request was refused on. What follows there, perhaps because it was hidden in that request, must
 * not reach the app: the parser goes on with what it has read before the connection is closed.
 */
const refused = new WeakSet<object>();

/**
 * Answers what Node lets pass although it must not: too many fields, no host or two, a coding that HTTP/1.0 does not
 * have (RFC 9112 3.2, 6.1; RFC 9110 15.6.6). Two readings of one request are how requests are smuggled.
 *
 * @returns whether the request was refused.
 */
export function refuseRequest(
  req: NodeRequestLike,
  res: NodeResponseLike,
  { headerBytes, headerCount }: Pick<ServerSettings, "headerBytes" | "headerCount">,
): boolean {
  if (!isHttp2(res) && refused.has(req.socket)) return true; // its turn never comes
  const isTooLarge = countFields(req.rawHeaders) > headerCount || sizeOf(req, res) > headerBytes;
  const status = isTooLarge ? 431 : statusFor(req, res);
  if (status === undefined) return false;
  res.statusCode = status;
  if (!isHttp2(res)) {
    refused.add(req.socket);
    res.setHeader("connection", "close");
  }
  res.setHeader("content-length", "0");
  res.end();
  return true;
}

function statusFor(req: NodeRequestLike, res: NodeResponseLike): number | undefined {
  if (isHttp2(res)) return undefined; // nghttp2 has looked
  if (req.httpVersionMajor !== 1) return 505;
  if (req.httpVersionMinor === 0 && "transfer-encoding" in req.headers) return 400;
  const hosts = countHosts(req.rawHeaders);
  return hosts > 1 || (hosts === 0 && req.httpVersionMinor > 0) ? 400 : undefined;
}

/** Those of the client: the pseudo-header fields of HTTP/2 are its request line. */
function countFields(rawHeaders: readonly string[]): number {
  let fields = rawHeaders.length / 2;
  for (let index = 0; rawHeaders[index]?.startsWith(":"); index += 2) fields -= 1; // they come first
  return fields;
}

/** What the parser has not measured: Node only tells HTTP/2 clients how much it takes (RFC 9113 6.5.2). */
function sizeOf({ rawHeaders }: NodeRequestLike, res: NodeResponseLike): number {
  if (!isHttp2(res)) return 0;
  return rawHeaders.reduce((size, text) => size + text.length, 16 * rawHeaders.length);
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === "host") hosts += 1;
  }
  return hosts;
}
