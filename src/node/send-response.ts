import { MillraceError } from "../response/errors.ts";
import { checkLimits, mergeLimits, type ResponseLimits } from "../response/limits.ts";
import { checkMilliseconds, checkOptionNames } from "../response/options.ts";
import type { StreamOutcome } from "../response/outcome.ts";
import { StreamRun } from "../response/run.ts";
import { releaseUnread, type StreamSettings } from "../response/stream.ts";
import { streamOf } from "../response/streaming-http-response.ts";
import { outcomeChannel, startChannel, type StreamEnd, type StreamStart } from "./diagnostics.ts";
import { isGone, methodOf, targetOf, type NodeResponseLike } from "./exchange.ts";
import { hasBody, sendErrorPage, writeHead } from "./head.ts";
import type { LiveStreams } from "./live-streams.ts";
import { ResponseSink } from "./response-sink.ts";

/** Options of {@link sendResponse}. */
export interface SendOptions {
  /** Limits for what the response leaves open. Default: `stalled` 120_000 ms, nothing else. */
  limits?: ResponseLimits | undefined;
  /**
   * How long the head waits for the first chunk, in ms, so that a source that throws at once gives a real 500. Default
   * 1_000; `false`: until the first chunk.
   */
  headGrace?: number | false | undefined;
  /** Called with what the source threw, or the limit that passed. Default: prints it with `console.error`. */
  onError?: ((error: unknown, stream: StreamStart) => void) | undefined;
}

export const sendOptionNames: readonly string[] = ["limits", "headGrace", "onError"];

/**
 * The kernel makes room in steps of up to 1.5 MB, so a slow reader that never pauses is seen to move once in a while only: with
 * 30 s, one of 40 kB/s over loopback was cut.
 */
const defaultLimits: ResponseLimits = { stalled: 120_000 };

/**
 * Sends a web `Response` through a response of `node:http` or `node:http2`, and resolves with what became of it when
 * the last byte has left or nobody waits for it any more. It never rejects because of the stream. For use inside
 * Express, Fastify, Koa and plain Node; headers that were set on `res` before stay.
 *
 * Any `Response` is sent right; a `StreamingHttpResponse` takes a faster road.
 *
 * @throws MillraceError `RESPONSE_SENT`, `SOURCE_USED`, `OPTION_UNKNOWN`, `OPTION_INVALID`
 * @example
 * app.get("/export", async (req, res) => {
 *   await sendResponse(res, new StreamingHttpResponse(rows, { contentType: "text/csv" }));
 * });
 */
export async function sendResponse(
  res: NodeResponseLike,
  response: Response,
  options: SendOptions = {},
): Promise<StreamOutcome> {
  checkSendOptions(options, "sendResponse");
  checkResponse(response);
  if (res.headersSent) {
    throw new MillraceError(
      "RESPONSE_SENT",
      "The head of this response was sent before. Call sendResponse before anything else writes to it, and only once.",
    );
  }
  return new Promise((resolve, reject) => {
    try {
      startSending(res, response, withSendDefaults(options), ({ outcome }) => resolve(outcome));
    } catch (error) {
      reject(error);
    }
  });
}

/** Throws on unknown names and impossible values. */
export function checkSendOptions(options: SendOptions, where: string): void {
  checkOptionNames(options, sendOptionNames, where);
  if (options.limits !== undefined) checkLimits(options.limits, "limits");
  checkMilliseconds(options.headGrace, "headGrace");
}

/** Throws unless `response` is a web `Response`, of whichever realm. */
export function checkResponse(response: unknown): asserts response is Response {
  const { status, headers } = (response ?? {}) as Partial<Response>;
  const isResponse = typeof status === "number" && typeof headers?.get === "function";
  if (isResponse && status >= 200) return; // the status of `Response.error()` is 0
  throw new MillraceError(
    "APP_RETURNED_NO_RESPONSE",
    `The app returned ${response === undefined ? "nothing" : "something"} where a Response was expected. Return a Response or a StreamingHttpResponse for every request.`,
  );
}

/** {@link SendOptions} with nothing left open. */
export interface SendSettings {
  readonly limits: ResponseLimits;
  readonly headGrace: number | false;
  readonly onError: (error: unknown, stream: StreamStart) => void;
  readonly live?: LiveStreams | undefined;
}

export function withSendDefaults(options: SendOptions): SendSettings {
  const { limits, headGrace = 1_000, onError = printError } = options;
  return { limits: mergeLimits(defaultLimits, limits), headGrace, onError };
}

/** As {@link sendResponse}, without a promise and for callers that have checked. */
export function startSending(
  res: NodeResponseLike,
  response: Response,
  settings: SendSettings,
  done?: (end: StreamEnd) => void,
): void {
  const stream = takeStream(response);
  const { start, finish } = announce(res, settings, done);
  if (isGone(res)) {
    release(stream, goneOutcome(), finish);
  } else if (!hasBody(res, response)) {
    writeHead(res, response);
    res.end();
    release(stream, emptyOutcome(), finish);
  } else {
    runStream(res, response, stream, settings, start, finish);
  }
}

/** Answers for an app that threw, or that returned what cannot be sent: a plain 500 page, and the connection lives on. */
export function sendFailure(res: NodeResponseLike, error: unknown, settings: SendSettings): void {
  const { finish } = announce(res, settings);
  if (isGone(res)) return finish(goneOutcome()); // most likely it threw because its signal was aborted
  if (!res.headersSent) sendErrorPage(res, 500);
  finish({ ...emptyOutcome(), type: "failed", error });
}

let responses = 0;

/** Tells diagnostics that a response begins; `finish` is to be called once, with how it ended. */
function announce(
  res: NodeResponseLike,
  settings: SendSettings,
  done?: (end: StreamEnd) => void,
): { start: StreamStart; finish: (outcome: StreamOutcome) => void } {
  const { req } = res;
  const start: StreamStart = {
    id: ++responses,
    method: methodOf(req),
    url: targetOf(req),
    httpVersion: req.httpVersion,
  };
  startChannel.publish(start);
  const finish = (outcome: StreamOutcome) => {
    const end: StreamEnd = { ...start, status: res.statusCode, outcome };
    outcomeChannel.publish(end);
    if (outcome.type === "failed" || outcome.type === "timed-out") {
      settings.onError(outcome.error, start);
    }
    done?.(end);
  };
  return { start, finish };
}

function runStream(
  res: NodeResponseLike,
  response: Response,
  stream: StreamSettings,
  settings: SendSettings,
  start: StreamStart,
  finish: (outcome: StreamOutcome) => void,
): void {
  const sink = new ResponseSink(res, response, {
    headGrace: settings.headGrace,
    measure: streamOf(response) === undefined,
  });
  const run = new StreamRun(stream, sink, {
    defaults: settings.limits,
    label: `${start.method} ${start.url}`,
    onClose(outcome) {
      sink.detach();
      settings.live?.delete(run);
      finish(outcome);
    },
  });
  sink.run = run;
  settings.live?.add(run, start);
  run.start();
}

/** The stream behind any response: ours without the detour over a web stream, any other through its `body`. */
function takeStream(response: Response): StreamSettings {
  const own = streamOf(response);
  if (own !== undefined) return own.take();
  return { source: response.body ?? [] };
}

/** Ends a response whose stream never starts. */
function release(
  stream: StreamSettings,
  outcome: StreamOutcome,
  finish: (outcome: StreamOutcome) => void,
): void {
  releaseUnread(stream, outcome);
  finish(outcome);
}

function emptyOutcome(): StreamOutcome {
  return { type: "complete", bytes: 0, chunks: 0, duration: 0 };
}

function goneOutcome(): StreamOutcome {
  const error = new MillraceError("CLIENT_LEFT", "The client left before the response began.");
  return { type: "cancelled", error, bytes: 0, chunks: 0, duration: 0 };
}

function printError(error: unknown, { method, url }: StreamStart): void {
  console.error(`${method} ${url} failed:`, error);
}
