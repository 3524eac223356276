import { constants, type ServerHttp2Session } from "node:http2";

import { startTimer } from "../response/timer.ts";
import type { ServerSettings } from "./server-limits.ts";

/** Within which time the peer has to answer a PING, in ms. */
const PING_ANSWER = 10_000;
/** The span of the limit on new streams, in ms. */
const RATE_SPAN = 10_000;
/** What a client may upload in all streams together before we read it, in bytes; per stream it is 64 KiB. */
const SESSION_WINDOW = 1024 * 1024;

/**
 * Gives an HTTP/2 session the timers that Node has none of: an idle limit, a sign of life from the peer (an open stream
 * may be quiet for hours, and TCP alone notices a vanished peer late), and a limit on new streams, since 2,000 handlers
 * run before Node's own defences against rapid resets react.
 */
export function guardSession(session: ServerHttp2Session, limits: ServerSettings): void {
  let open = 0;
  let begun = 0;
  let spanFrom = performance.now();
  session.setLocalWindowSize(SESSION_WINDOW);

  session.on("stream", (stream) => {
    open += 1;
    stream.once("close", () => (open -= 1));
    const now = performance.now();
    if (now - spanFrom > RATE_SPAN) {
      spanFrom = now;
      begun = 0;
    }
    begun += 1;
    if (begun > limits.sessionRate) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  if (limits.sessionIdle !== false) {
    session.setTimeout(limits.sessionIdle, () => {
      // No frame for that long. Closing waits for open streams; destroying ends a head that never came to its end.
      if (open === 0) session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
    });
  }

  if (limits.sessionPing !== false) {
    const interval = setInterval(() => {
      if (open === 0 || session.destroyed) return;
      const timer = startTimer(destroySession, PING_ANSWER, session);
      session.ping(() => clearTimeout(timer));
    }, limits.sessionPing);
    interval.unref();
    session.once("close", () => clearInterval(interval));
  }

  session.on("error", () => {}); // its streams have heard of it, and there is nobody else to tell
}

function destroySession(session: ServerHttp2Session): void {
  session.destroy();
}
