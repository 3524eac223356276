import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

import { startTimer, type Timer } from "../response/timer.ts";
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

  // Not `session.setTimeout()`: its callback is called once only, and a PING puts it off.
  let idle: Timer | undefined;
  const watchIdle = () => {
    if (limits.sessionIdle === false || session.destroyed) return;
    idle = startTimer(endIdle, limits.sessionIdle, session);
  };
  watchIdle();

  session.on("stream", (stream) => {
    clearTimeout(idle);
    open += 1;
    stream.once("close", () => {
      open -= 1;
      if (open === 0) watchIdle();
    });
    if (limits.request !== false && !stream.endAfterHeaders) watchUpload(stream, limits.request);
    const now = performance.now();
    if (now - spanFrom > RATE_SPAN) {
      spanFrom = now;
      begun = 0;
    }
    begun += 1;
    if (begun > limits.sessionRate && !session.destroyed) {
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM); // `destroy()` takes a code with an error only
      session.destroy();
    }
  });

  if (limits.sessionPing !== false) {
    const interval = setInterval(() => {
      if (open === 0 || session.destroyed) return;
      const timer = startTimer(destroySession, PING_ANSWER, session);
      session.ping(() => clearTimeout(timer));
    }, limits.sessionPing);
    interval.unref();
    session.once("close", () => clearInterval(interval));
  }

  session.once("close", () => clearTimeout(idle));
  session.on("error", () => {}); // its streams have heard of it, and there is nobody else to tell
}

/** Closing would wait for a head that never comes to its end; destroying says goodbye too. */
function endIdle(session: ServerHttp2Session): void {
  session.destroy();
}

/** The limit `request`, which Node has for HTTP/1 alone. */
function watchUpload(stream: ServerHttp2Stream, ms: number): void {
  const timer = startTimer(endUpload, ms, stream);
  stream.once("close", () => clearTimeout(timer));
}

function endUpload(stream: ServerHttp2Stream): void {
  const isWhole = stream.state.remoteClose === 1;
  if (!isWhole) stream.close(constants.NGHTTP2_CANCEL);
}

function destroySession(session: ServerHttp2Session): void {
  session.destroy();
}
