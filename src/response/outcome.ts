/** How a stream ended. Every stream ends in exactly one of these. */
export type OutcomeType = "complete" | "failed" | "cancelled" | "timed-out";

/** What became of one response: given to `onClose`, to the log and to diagnostics, once for each response. */
export interface StreamOutcome {
  /**
   * - `complete`: the source ended and every byte was handed to the connection.
   * - `failed`: the source threw, or yielded what cannot be sent; the reader sees a cut response.
   * - `cancelled`: the client left, or the server closed.
   * - `timed-out`: a limit of the response passed; the reader sees a cut response.
   */
  readonly type: OutcomeType;
  /** What the source threw, the reason of the cancellation, or the limit's error. Absent when complete. */
  readonly error?: unknown;
  /** Bytes of body handed to the connection, before any framing. */
  readonly bytes: number;
  /** Chunks that the source yielded. */
  readonly chunks: number;
  /** Milliseconds from the start to the first chunk; absent when there was none. */
  readonly firstChunk?: number | undefined;
  /** Milliseconds from the start to the end. */
  readonly duration: number;
}
