/** Whoever writes to a sink, and what the sink tells it. */
export interface SinkWriter {
  /** The head has waited long enough for the first chunk. */
  due(): void;
  /** The sink can take more. */
  ready(): void;
  /** Everything there will be has been handed over, and the end of it. */
  delivered(): void;
  /** Nobody waits for the rest. */
  cancel(reason: unknown): void;
  /** It cannot take what it was given, and found out later. */
  broken(error: unknown): void;
}

/**
 * Where a run writes: a socket, an HTTP/2 stream, a web stream, or a content coding in front of one of these. It is called in
 * this order: `open? (write | flush)* (end | fail | cut)`. `open`, `write`, `flush` and `end` may throw: then the stream has
 * failed.
 */
export interface Sink {
  /** Who is told; set before anything is written. */
  writer: SinkWriter | undefined;
  /** Bytes of body that were handed to the connection, after any coding. */
  readonly bytes: number;
  /** Bytes that were written and that the reader has not taken; from a queue above the kernel's, 0 when it is empty. */
  readonly pendingBytes: number;
  /** Whether bytes of a full batch may still be on their way when the run is let on: then they must be nobody else's. */
  readonly keepsBytes: boolean;
  /** Whether it takes short text as it is, which saves a copy. */
  readonly takesText: boolean;
  /** Lets the reader see that the response has begun although there are no bytes yet. May be called again. */
  open(): void;
  /** Takes bytes, or text if it `takesText`. `false` means: no more until `ready()`. */
  write(data: Uint8Array | string): boolean;
  /** The source waits: a coding lets out what it has held back. Answers as `write`. Sinks that hold nothing back have none. */
  flush?(): boolean;
  /** Takes the last of it and ends the body cleanly; the sink calls `delivered()` when all has been handed over. */
  end(data: Uint8Array | string | undefined): void;
  /** Hands over what was written, then ends the body so that the reader sees it cut; then calls `delivered()`. */
  fail(error: unknown): void;
  /** As `fail`, but at once: what is pending is dropped, and there is nothing to report back. */
  cut(error: unknown): void;
}
