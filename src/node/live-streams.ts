import type { RunState, StreamRun } from "../response/run.ts";
import type { StreamStart } from "./diagnostics.ts";

/** One open stream of a server, as it was when `server.streams` was read. */
export interface LiveStream {
  /** As in the diagnostics events of this stream. */
  readonly id: number;
  readonly method: string;
  /** Path and query of the request. */
  readonly url: string;
  /** Bytes of body handed to the connection so far. */
  readonly bytes: number;
  /** Chunks that the source has yielded so far. */
  readonly chunks: number;
  /** Milliseconds since it began. */
  readonly age: number;
  /** Whose turn it is: the source's, the reader's, or nobody's because it runs. */
  readonly state: RunState;
}

/** The open streams of one server. */
export class LiveStreams {
  readonly #runs = new Map<StreamRun, StreamStart>();

  add(run: StreamRun, start: StreamStart): void {
    this.#runs.set(run, start);
  }

  delete(run: StreamRun): void {
    this.#runs.delete(run);
  }

  cancelAll(reason: unknown): void {
    for (const run of this.#runs.keys()) run.cancel(reason);
  }

  list(): LiveStream[] {
    return Array.from(this.#runs, ([run, { id, method, url }]) => ({
      id,
      method,
      url,
      bytes: run.bytes,
      chunks: run.chunks,
      age: performance.now() - run.startedAt,
      state: run.state,
    }));
  }
}
