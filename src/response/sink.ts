/**
 * Where the bytes of a run go: a socket, an HTTP/2 stream or a web stream. The run calls it in this order:
 * `open? write* (end | fail | cut)`, and is told `ready()`, `delivered()` and `cancel()` in return. `open`, `write` and `end`
 * may throw: then the stream has failed.
 */
export interface Sink {
  /** Bytes that were written and that the reader has not taken; from a queue above the kernel's, 0 when it is empty. */
  readonly pendingBytes: number;
  /** Whether bytes of a full batch may still be on their way when the run is let on: then they must be nobody else's. */
  readonly keepsBytes: boolean;
  /** The length of a text in UTF-8 bytes, from a sink that also takes short text as it is. */
  sizeOf?(text: string): number;
  /** Lets the reader see that the response has begun although there are no bytes yet. May be called again. */
  open(): void;
  /** Takes bytes, or text when it has `sizeOf`. `false` means: no more until the sink has called `ready()` on the run. */
  write(data: Uint8Array | string): boolean;
  /** Takes the last of it and ends the body cleanly; the sink calls `delivered()` when all has been handed over. */
  end(data: Uint8Array | string | undefined): void;
  /** Hands over what was written, then ends the body so that the reader sees it cut; then calls `delivered()`. */
  fail(error: unknown): void;
  /** As `fail`, but at once: what is pending is dropped, and there is nothing to report back. */
  cut(error: unknown): void;
}
