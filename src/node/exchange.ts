import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request as `node:http` and `node:http2` hand it over. */
export type NodeRequestLike = IncomingMessage | Http2ServerRequest;

/** A response as `node:http` and `node:http2` want it written. */
export type NodeResponseLike = ServerResponse | Http2ServerResponse;

export function isHttp2(res: NodeResponseLike): res is Http2ServerResponse {
  return "stream" in res;
}

/** Whether the connection is gone, or this response of it. */
export function isGone(res: NodeResponseLike): boolean {
  if (isHttp2(res)) return res.stream === undefined || res.stream.destroyed || res.stream.closed;
  return res.destroyed || (res.req.destroyed && !res.req.complete);
}

/** The request's path and query as the client sent it. */
export function targetOf(req: NodeRequestLike): string {
  return req.url ?? "/";
}

export function methodOf(req: NodeRequestLike): string {
  return req.method ?? "GET";
}
