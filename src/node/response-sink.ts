import { FULL } from "../response/batch.ts";
import { MillraceError } from "../response/errors.ts";
import type { Sink, SinkWriter } from "../response/sink.ts";
import type { Trailers } from "../response/stream.ts";
import { startTimer, type Timer } from "../response/timer.ts";
import { cutResponse } from "./cut.ts";
import { isHttp2, type NodeResponseLike } from "./exchange.ts";
import { flushHead, sendErrorPage, writeHead, writeStreamHead } from "./head.ts";

/** How often a failed response looks whether everything before the failure has left, in ms. */
const LOOK_AGAIN = 5;

export interface ResponseSinkOptions {
  /** How long the head waits for the first chunk, in ms; `false`: for ever. */
  readonly headGrace: number | false;
  /** Whether a body that is whole at its first write gets a Content-Length: yes for plain responses. */
  readonly measure: boolean;
  readonly trailers?: Trailers | undefined;
}

/** Writes a run to a response of `node:http` or `node:http2`. */
export class ResponseSink implements Sink {
  writer: SinkWriter | undefined;
  bytes = 0;
  readonly takesText = true;
  readonly #res: NodeResponseLike;
  /** Until the head is written: a quiet stream must not hold what it has sent. */
  #response: Response | undefined;
  readonly #measure: boolean;
  /** Undefined as well where the protocol cannot carry them. */
  readonly #trailers: Trailers | undefined;
  #grace: Timer | undefined;
  #headWritten = false;
  #failed = false;
  #onEnd: (() => void) | undefined;
  #detached = false;
  /** What is left of the Content-Length that the app declared. */
  #remaining: number | undefined;

  constructor(res: NodeResponseLike, response: Response, options: ResponseSinkOptions) {
    this.#res = res;
    this.#response = response;
    this.#measure = options.measure;
    const declared = response.headers.get("content-length");
    if (declared !== null) this.#remaining = /^\d+$/.test(declared) ? Number(declared) : NaN;
    if (carriesTrailers(res, declared)) this.#trailers = options.trailers;
    if (options.headGrace !== false) this.#grace = startTimer(openSink, options.headGrace, this);
    (res as Carrier)[carried] = this;
    res.on("drain", onDrain);
    res.on("finish", onFinish);
    res.on("close", onClose);
    res.on("error", ignore); // `close` follows and says the same
    // Node answers a client that half-closes with a FIN of its own, which is the clean end of an HTTP/1.0 body: come first.
    if (res.req.httpVersion === "1.0") {
      this.#onEnd = onClose.bind(res);
      res.socket?.prependListener("end", this.#onEnd);
    }
  }

  /** `write` of a full batch answers `false` until all of it has left, unless the socket's queue is larger than that. */
  get keepsBytes(): boolean {
    return this.#res.writableHighWaterMark > FULL;
  }

  get pendingBytes(): number {
    // A pipelined response has no socket before its turn; until then it is not this reader who is slow.
    if (!isHttp2(this.#res) && this.#res.socket === null) return 0;
    return this.#res.writableLength;
  }

  open(): void {
    if (this.#headWritten) return;
    this.#writeHead();
    flushHead(this.#res);
  }

  write(data: Uint8Array | string): boolean {
    this.#count(data);
    if (!this.#headWritten) this.#writeHead();
    const more = writeTo(this.#res, data);
    flushMiddleware(this.#res);
    return more;
  }

  end(data: Uint8Array | string | undefined): void {
    if (data !== undefined) this.#count(data);
    if (this.#remaining !== undefined && this.#remaining !== 0) {
      throw this.#mismatch(`${this.#remaining} bytes fewer`);
    }
    // Before the head: a mistake in them can still be a 500.
    if (this.#trailers !== undefined) this.#res.addTrailers(valuesOf(this.#trailers));
    if (!this.#headWritten)
      this.#writeHead(this.#measure ? Buffer.byteLength(data ?? "") : undefined);
    if (data === undefined) this.#res.end();
    else this.#res.end(data);
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    if (!this.#res.headersSent) {
      this.#headWritten = true;
      clearTimeout(this.#grace);
      sendErrorPage(this.#res, (error as Error | undefined)?.name === "TimeoutError" ? 503 : 500);
    } else {
      this.cutWhenSent();
    }
  }

  /**
   * Middleware that compresses swallows the callbacks of `write()`, and `drain` comes only after a `false`: the length of the
   * queue is the one thing that tells everywhere whether all of it has left. The `stalled` limit bounds the wait.
   */
  cutWhenSent(): void {
    if (this.#detached) return;
    if (this.#res.writableLength > 0) {
      startTimer(cutSink, LOOK_AGAIN, this);
      return;
    }
    this.cut();
    this.writer?.delivered();
  }

  cut(): void {
    cutResponse(this.#res);
  }

  /** Nothing stays behind on the response, which may belong to a framework that keeps it. */
  detach(): void {
    this.#detached = true;
    clearTimeout(this.#grace);
    (this.#res as Carrier)[carried] = undefined;
    this.#res.off("drain", onDrain);
    this.#res.off("finish", onFinish);
    this.#res.off("close", onClose);
    if (this.#onEnd !== undefined) this.#res.socket?.off("end", this.#onEnd);
  }

  #writeHead(contentLength?: number): void {
    const response = this.#response;
    if (response === undefined) return; // written before
    this.#headWritten = true;
    this.#response = undefined;
    clearTimeout(this.#grace);
    this.#grace = undefined;
    const declared = this.#remaining !== undefined;
    if (!declared && contentLength === undefined)
      writeStreamHead(this.#res, response, this.#trailers);
    else writeHead(this.#res, response, declared ? undefined : contentLength);
  }

  /** Never more than the Content-Length: what is beyond would be read as the next response. */
  #count(data: Uint8Array | string): void {
    const size = Buffer.byteLength(data);
    this.bytes += size;
    if (this.#remaining === undefined) return;
    if (!(size <= this.#remaining)) throw this.#mismatch("more bytes");
    this.#remaining -= size;
  }

  #mismatch(difference: string): MillraceError {
    const message = `The source yielded ${difference} than its Content-Length says. Drop the header, or compute it from the same data.`;
    return new MillraceError("LENGTH_MISMATCH", message);
  }
}

/** Where a response carries its sink, so that the listeners can be the same functions for all. */
const carried = Symbol("millrace.sink");
type Carrier = NodeResponseLike & { [carried]?: ResponseSink | undefined };

function onDrain(this: Carrier): void {
  this[carried]?.writer?.ready();
}

function onFinish(this: Carrier): void {
  // A reset that arrives after the last write but before its delivery: `finish` comes all the same.
  const reset = isHttp2(this) && (this.stream?.rstCode ?? 0) !== 0;
  if (!reset) this[carried]?.writer?.delivered();
}

function onClose(this: Carrier): void {
  this[carried]?.writer?.cancel(
    new MillraceError("CLIENT_LEFT", "The client left before the response was over."),
  );
}

const openSink = (sink: ResponseSink) => sink.writer?.due();
const cutSink = (sink: ResponseSink) => sink.cutWhenSent();
const ignore = () => {};

/** Trailers follow the last chunk (RFC 9112 7.1.2) or the last DATA frame (RFC 9113 8.1); nothing else has a place for them. */
function carriesTrailers(res: NodeResponseLike, declaredLength: string | null): boolean {
  return isHttp2(res) || (res.req.httpVersion === "1.1" && declaredLength === null);
}

function valuesOf(trailers: Trailers): Record<string, string> {
  return Object.fromEntries(Object.entries(trailers).map(([name, value]) => [name, value()]));
}

function writeTo(res: NodeResponseLike, data: Uint8Array | string): boolean {
  return isHttp2(res) ? res.write(data) : res.write(data);
}

/** Express's `compression` and its kin hold what they compress until somebody calls the `flush` they add. */
function flushMiddleware(res: NodeResponseLike & { flush?: () => void }): void {
  if (typeof res.flush === "function") res.flush();
}
