import { isHttp2, type NodeRequestLike, type NodeResponseLike } from "./exchange.ts";

/**
 * Answers what Node lets pass although it must not: too many fields, two different hosts, a coding that HTTP/1.0 does not
 * have (RFC 9112 3.2, 6.1; RFC 9110 15.6.6). Two readings of one request are how requests are smuggled.
 *
 * @returns whether the request was refused.
 */
export function refuseRequest(
  req: NodeRequestLike,
  res: NodeResponseLike,
  headerCount: number,
): boolean {
  const status = statusFor(req, res, headerCount);
  if (status === undefined) return false;
  res.statusCode = status;
  if (!isHttp2(res)) res.setHeader("connection", "close");
  res.setHeader("content-length", "0");
  res.end();
  return true;
}

function statusFor(
  req: NodeRequestLike,
  res: NodeResponseLike,
  headerCount: number,
): number | undefined {
  if (req.rawHeaders.length / 2 > headerCount) return 431;
  if (isHttp2(res)) return undefined; // nghttp2 has looked
  if (req.httpVersionMajor !== 1) return 505;
  if (req.httpVersionMinor === 0 && "transfer-encoding" in req.headers) return 400;
  return countHosts(req.rawHeaders) > 1 ? 400 : undefined;
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === "host") hosts += 1;
  }
  return hosts;
}
