import { MillraceError } from "../response/errors.ts";
import { checkLimits, mergeLimits, type ResponseLimits } from "../response/limits.ts";
import { checkMilliseconds, checkOptionNames } from "../response/options.ts";
import type { StreamOutcome } from "../response/outcome.ts";
import { StreamRun, type RunOptions } from "../response/run.ts";
import { releaseUnread, type StreamSettings } from "../response/stream.ts";
import { textOf, warn } from "../response/warn.ts";
import { takeStream } from "../response/stream-response.ts";
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
  // Not an executor: what it closes over, the response too, would stay for as long as the stream.
  const { promise, resolve } = Promise.withResolvers<StreamOutcome>();
  startSending(res, response, withSendDefaults(options), ({ outcome }) => resolve(outcome));
  return promise;
}

/** Throws on unknown names and impossible values. */
export function checkSendOptions(options: SendOptions, where: string): void {
  checkOptionNames(options, sendOptionNames, where);
  if (options.limits !== undefined) checkLimits(options.limits, "limits");
  checkSendValues(options);
}

/** The part of {@link checkSendOptions} that `serve` shares. */
export function checkSendValues({ headGrace, onError }: SendOptions): void {
  checkMilliseconds(headGrace, "headGrace");
  if (onError !== undefined && typeof onError !== "function") {
    throw new MillraceError(
      "OPTION_INVALID",
      "onError takes a function of the error and the stream.",
    );
  }
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
  const sending = new Sending(res, settings, done);
  if (isGone(res)) {
    release(stream, goneOutcome(), sending);
  } else if (!hasBody(res, response)) {
    writeHead(res, response);
    res.end();
    release(stream, emptyOutcome(), sending);
  } else {
    sending.run(response, stream);
  }
}

/** Answers for an app that threw, or that returned what cannot be sent: a plain 500 page, and the connection lives on. */
export function sendFailure(res: NodeResponseLike, error: unknown, settings: SendSettings): void {
  const sending = new Sending(res, settings);
  if (isGone(res)) return sending.onClose(goneOutcome()); // most likely it threw because its signal was aborted
  if (!res.headersSent) sendErrorPage(res, 500);
  sending.onClose({ ...emptyOutcome(), type: "failed", error });
}

let responses = 0;

/**
 * One response on its way, from the announcement to the outcome. An object rather than closures: of a quiet stream they
 * would be a quarter of a KiB more.
 */
class Sending implements RunOptions {
  readonly start: StreamStart;
  readonly #res: NodeResponseLike;
  readonly #settings: SendSettings;
  readonly #done: ((end: StreamEnd) => void) | undefined;
  #sink: ResponseSink | undefined;
  #run: StreamRun | undefined;

  constructor(res: NodeResponseLike, settings: SendSettings, done?: (end: StreamEnd) => void) {
    const { req } = res;
    this.start = {
      id: ++responses,
      method: methodOf(req),
      url: targetOf(req),
      httpVersion: req.httpVersion,
    };
    this.#res = res;
    this.#settings = settings;
    this.#done = done;
    startChannel.publish(this.start);
  }

  get defaults(): ResponseLimits {
    return this.#settings.limits;
  }

  get label(): string {
    return `${this.start.method} ${this.start.url}`;
  }

  run(response: Response, stream: StreamSettings): void {
    const { headGrace, live } = this.#settings;
    const { measure = false, trailers } = stream;
    this.#sink = new ResponseSink(this.#res, response, { headGrace, measure, trailers });
    this.#run = new StreamRun(stream, this.#sink, this);
    live?.add(this.#run, this.start);
    this.#run.start();
  }

  /** To be called once, with how it ended. */
  onClose(outcome: StreamOutcome): void {
    this.#sink?.detach();
    if (this.#run !== undefined) this.#settings.live?.delete(this.#run);
    const end: StreamEnd = { ...this.start, status: this.#res.statusCode, outcome };
    outcomeChannel.publish(end);
    if (outcome.type === "failed" || outcome.type === "timed-out") {
      reportError(this.#settings, outcome.error, this.start);
    }
    this.#done?.(end);
  }
}

/** Ends a response whose stream never starts. */
function release(stream: StreamSettings, outcome: StreamOutcome, sending: Sending): void {
  releaseUnread(stream, outcome);
  sending.onClose(outcome);
}

function emptyOutcome(): StreamOutcome {
  return { type: "complete", bytes: 0, chunks: 0, duration: 0 };
}

function goneOutcome(): StreamOutcome {
  const error = new MillraceError("CLIENT_LEFT", "The client left before the response began.");
  return { type: "cancelled", error, bytes: 0, chunks: 0, duration: 0 };
}

/** Calls `onError`, whose own mistakes must not reach the connection, let alone end the process. */
function reportError({ onError }: SendSettings, error: unknown, start: StreamStart): void {
  try {
    onError(error, start);
  } catch (mistake) {
    warn(
      "ON_ERROR_THREW",
      `onError threw: ${textOf(mistake)}. The response itself is not affected.`,
    );
  }
}

function printError(error: unknown, { method, url }: StreamStart): void {
  console.error(`${method} ${url} failed:`, error);
}
