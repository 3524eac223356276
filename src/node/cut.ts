import { constants } from "node:http2";
import { Socket } from "node:net";

import { isHttp2, type NodeResponseLike } from "./exchange.ts";

/**
 * Ends a response so that no client can take it for complete.
 *
 * - HTTP/2: RST_STREAM with INTERNAL_ERROR. A bare `destroy()` sends NO_ERROR, which looks complete (nodejs/node#35302).
 * - HTTP/1.1 with chunks or a Content-Length: the connection closes before the last chunk or byte (RFC 9112 8).
 * - HTTP/1.0 and every other body that ends with its connection: a TCP reset, since a plain close is its clean end. The same
 *   goes for proxies that speak HTTP/1.0 to us, as nginx does by default.
 */
export function cutResponse(res: NodeResponseLike): void {
  if (isHttp2(res)) {
    res.stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const { socket } = res;
  const closeDelimited = !res.chunkedEncoding && !res.hasHeader("content-length");
  if (socket !== null && closeDelimited) reset(socket);
  res.destroy();
}

function reset(socket: Socket): void {
  // A TLS socket says goodbye (close_notify) when it is destroyed, and curl takes that for a clean end. What it is wrapped
  // around can be reset; Node has no public name for it.
  const { _parent: wrapped } = socket as Socket & { _parent?: Socket | null };
  if (wrapped instanceof Socket) wrapped.resetAndDestroy();
  else if (!("encrypted" in socket)) socket.resetAndDestroy();
}
