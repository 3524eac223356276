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
  /** Lets the reader see that the response has begun although there are no bytes yet. May be called again. */
  open(): void;
  /** Takes bytes. `false` means: no more until the sink has called `ready()` on the run. */
  write(bytes: Uint8Array): boolean;
  /** Takes the last bytes and ends the body cleanly; the sink calls `delivered()` when all has been handed over. */
  end(bytes: Uint8Array | undefined): void;
  /** Hands over what was written, then ends the body so that the reader sees it cut; then calls `delivered()`. */
  fail(error: unknown): void;
  /** As `fail`, but at once: what is pending is dropped, and there is nothing to report back. */
  cut(error: unknown): void;
}
