import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

import { startTimer, type Timer } from "../response/timer.ts";
import type { ServerSettings } from "./server-limits.ts";

/** Within which time the peer has to answer a PING, in ms. */
const PING_ANSWER = 10_000;
/** The span of the limits on new streams and on control frames, in ms. */
const RATE_SPAN = 10_000;
/** PING and SETTINGS frames of one span. Each has to be answered, and no client needs more than a few (CVE-2019-9512, 9515). */
const CONTROL_FRAMES = 1_000;
/** What a client may upload in all streams together before we read it, in bytes; per stream it is 64 KiB. */
const SESSION_WINDOW = 1024 * 1024;

/**
 * Gives an HTTP/2 session the timers that Node has none of: an idle limit, a sign of life from the peer (an open stream
 * may be quiet for hours, and TCP alone notices a vanished peer late), and a limit on new streams, since 2,000 handlers
 * run before Node's own defences against rapid resets react, and one on control frames that come slowly enough to pass those.
 */
export function guardSession(session: ServerHttp2Session, limits: ServerSettings): void {
  let open = 0;
  const streams = new Rate(limits.sessionRate);
  const controls = new Rate(CONTROL_FRAMES);
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
    if (streams.isOver()) calmDown(session);
  });

  const onControl = () => {
    if (controls.isOver()) calmDown(session);
  };
  session.on("ping", onControl);
  session.on("remoteSettings", onControl);

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

/** Counts what happens in a span of time. */
class Rate {
  readonly #most: number;
  #count = 0;
  #from: number = performance.now();

  constructor(most: number) {
    this.#most = most;
  }

  /** To be asked once for each event. */
  isOver(): boolean {
    const now = performance.now();
    if (now - this.#from > RATE_SPAN) {
      this.#from = now;
      this.#count = 0;
    }
    return ++this.#count > this.#most;
  }
}

function calmDown(session: ServerHttp2Session): void {
  if (session.destroyed) return;
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM); // `destroy()` takes a code with an error only
  session.destroy();
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
