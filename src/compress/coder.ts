/** What a coder tells the sink in front of it. */
export interface CoderClient {
  /** Coded bytes, nobody else's. */
  push(bytes: Uint8Array): void;
  /** What was on its way is coded: it may be no longer `busy`, or `idle` again. */
  coded(): void;
  /** It cannot go on. */
  broken(error: unknown): void;
}

/** Codes the bytes of one response as they come. */
export interface Coder {
  /** Enough is on its way: nothing more should be written until `coded()`. */
  readonly busy: boolean;
  /** Whether all that was flushed, and after `end` everything, has been pushed. */
  readonly idle: boolean;
  /** Codes bytes that nobody will change. */
  write(bytes: Uint8Array): void;
  /** Pushes what it has held back, so that the reader can decode all that was written. */
  flush(): void;
  /** Codes the last bytes and ends the coding. */
  end(bytes: Uint8Array | undefined): void;
  /** Gives its memory back. Nothing is pushed any more. */
  destroy(): void;
}
