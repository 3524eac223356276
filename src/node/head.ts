import { ServerResponse } from "node:http";

import type { Trailers } from "../response/stream.ts";
import { isHttp2, type NodeResponseLike } from "./exchange.ts";

/** Statuses whose responses have no body (RFC 9110 6.4.1); informational ones never get here. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Headers that belong to one connection (RFC 9110 7.6.1, RFC 9113 8.2.2). Node frames the body and keeps connections. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers that describe the body a 500 page replaces. */
const aboutTheBody = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-length",
  "content-range",
  "etag",
  "expires",
  "last-modified",
];

/** Whether a response to this request has a body at all: not for HEAD, and not with some statuses. */
export function hasBody(res: NodeResponseLike, response: Response): boolean {
  return response.body !== null && res.req.method !== "HEAD" && !bodiless.has(response.status);
}

/** Writes status and headers. They leave with the first bytes, or with `flushHeaders()`. */
export function writeHead(res: NodeResponseLike, response: Response, contentLength?: number): void {
  setHeaders(res, prepareHead(res, response, contentLength));
}

/**
 * As {@link writeHead}, for a body of unknown length. Node keeps what `setHeader` was given for as long as the response; a
 * list goes straight into the head, unless somebody has set headers before or waits to change them, as middleware does
 * with a `writeHead` of its own.
 */
export function writeStreamHead(
  res: NodeResponseLike,
  response: Response,
  trailers: Trailers | undefined,
): void {
  const headers = prepareHead(res, response);
  if (trailers !== undefined) headers.push("trailer", Object.keys(trailers).join(", "));
  const plain = !isHttp2(res) && res.writeHead === ServerResponse.prototype.writeHead;
  if (plain && res.getHeaderNames().length === 0) res.writeHead(res.statusCode, headers);
  else setHeaders(res, headers);
}

/** Sets the status, and lists the headers as names and values in turn. */
function prepareHead(res: NodeResponseLike, response: Response, contentLength?: number): string[] {
  const headers: string[] = [];
  for (const [name, value] of response.headers) {
    // `Connection: close` of the app is its right on HTTP/1; the rest of that family is Node's.
    if (hopByHop.has(name) && (isHttp2(res) || name !== "connection" || !closes(value))) continue;
    headers.push(name, value);
  }
  if (contentLength !== undefined) headers.push("content-length", String(contentLength));
  res.statusCode = response.status;
  if (!isHttp2(res) && response.statusText !== "") res.statusMessage = response.statusText;
  return headers;
}

/** Whether a Connection header asks for a close. */
function closes(connection: string): boolean {
  return /(^|,)\s*close\s*(,|$)/i.test(connection);
}

/** Sends what `writeHead` has set, before there are any bytes. */
export function flushHead(res: NodeResponseLike): void {
  if (isHttp2(res)) res.writeHead(res.statusCode);
  else res.flushHeaders();
}

/** One by one, since headers that the framework around us has set before stay, and cookies come more than once. */
function setHeaders(res: NodeResponseLike, headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string; // pairs
    const value = headers[index + 1] as string;
    if (name === "set-cookie") res.appendHeader(name, value);
    else res.setHeader(name, value);
  }
}

/** Answers with a short page instead of the response that failed before its head was sent. The connection lives on. */
export function sendErrorPage(res: NodeResponseLike, status: 500 | 503): void {
  const text = status === 500 ? "Internal Server Error\n" : "Service Unavailable\n";
  for (const name of aboutTheBody) res.removeHeader(name);
  res.statusCode = status;
  if (!isHttp2(res)) res.statusMessage = "";
  setHeaders(res, [
    ...["content-type", "text/plain; charset=utf-8"],
    ...["content-length", String(Buffer.byteLength(text))],
    ...["x-content-type-options", "nosniff"],
  ]);
  if (res.req.method === "HEAD") res.end();
  else res.end(text);
}
