import { MillraceError } from "./errors.ts";
import { StreamRun } from "./run.ts";
import type { Sink, SinkWriter } from "./sink.ts";
import { releaseUnread, type ResponseStream } from "./stream.ts";

/** How long a host gets to write the last batch before the stream is errored, in ms. One turn is not enough for all. */
const HAND_OVER = 5;

/**
 * The portable road: a web stream that runs the source when it is read, one batch for each read.
 *
 * With a high-water mark of 0 nothing happens before the first read, and nothing is queued that an error would throw
 * away: `controller.error()` discards the queue (WHATWG Streams 4.5.4).
 */
export function streamBody(stream: ResponseStream): ReadableStream<Uint8Array> {
  let sink: ControllerSink | undefined;
  let run: StreamRun | undefined;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        return new Promise<void>((resolve) => {
          if (sink !== undefined) return sink.pulled(resolve);
          sink = new ControllerSink(controller, resolve);
          run = new StreamRun(stream.take(), sink);
          run.start();
        });
      },
      cancel(cause) {
        const reason = new MillraceError("CLIENT_LEFT", "The reader cancelled the stream.", {
          cause,
        });
        if (run !== undefined) {
          run.cancel(reason);
        } else if (!stream.taken) {
          const nothing = { bytes: 0, chunks: 0, duration: 0 };
          releaseUnread(stream.take(), { type: "cancelled", error: reason, ...nothing });
        }
      },
    },
    { highWaterMark: 0 },
  );
}

/** Gives one batch to each pull. */
class ControllerSink implements Sink {
  writer: SinkWriter | undefined;
  bytes = 0;
  /** A reader collects what it reads. */
  readonly keepsBytes = true;
  readonly takesText = false;
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  /** Ends the pull that is being served; undefined while the reader wants nothing. */
  #served: (() => void) | undefined;

  constructor(controller: ReadableStreamDefaultController<Uint8Array>, served: () => void) {
    this.#controller = controller;
    this.#served = served;
  }

  /** A web stream does not say how much of a batch was taken: a reader that does not ask again holds all of it. */
  get pendingBytes(): number {
    return this.#served === undefined ? 1 : 0;
  }

  pulled(served: () => void): void {
    this.#served = served;
    this.writer?.ready();
  }

  open(): void {}

  write(data: Uint8Array | string): boolean {
    this.#enqueue(data);
    this.#serve();
    return false; // until the next pull
  }

  end(data: Uint8Array | string | undefined): void {
    if (data !== undefined) this.#enqueue(data);
    this.#controller.close();
    this.#serve();
    this.writer?.delivered();
  }

  /** A little later: a host that destroys its socket on the error drops what it has not written to it yet. */
  fail(error: unknown): void {
    setTimeout(() => {
      this.cut(error);
      this.writer?.delivered();
    }, HAND_OVER);
  }

  cut(error: unknown): void {
    this.#controller.error(error);
    this.#serve();
  }

  #enqueue(data: Uint8Array | string): void {
    const bytes = data as Uint8Array; // it takes no text
    this.bytes += bytes.byteLength;
    this.#controller.enqueue(bytes);
  }

  #serve(): void {
    this.#served?.();
    this.#served = undefined;
  }
}
