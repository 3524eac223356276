import { createHash, type Hash } from "node:crypto";

import type { Chunk } from "../response/source.ts";
import { textOf, warn } from "../response/warn.ts";

/** How far an export has come. */
export interface ExportProgress {
  /** Rows that were written so far. */
  readonly rows: number;
  /** Bytes that were written so far, before any content coding. */
  readonly bytes: number;
  /** Milliseconds since the first read. */
  readonly elapsed: number;
  /** Rows per second since the first read. */
  readonly rate: number;
  /** Rows that there will be, if `total` was given and is known by now. */
  readonly total?: number | undefined;
  /** The part that is done, 0 to 1, where the total is known. */
  readonly share?: number | undefined;
}

export interface MeterOptions {
  readonly digest: boolean;
  readonly progress: ((progress: ExportProgress) => void) | undefined;
  readonly total: number | PromiseLike<number> | undefined;
  /** Rows so far. */
  readonly countRows: () => number;
}

/** Milliseconds between two calls of `progress`. */
const INTERVAL = 500;

/** Counts and hashes what an export writes, and tells how far it is. */
export class Meter {
  bytes = 0;
  readonly #hash: Hash | undefined;
  readonly #options: MeterOptions;
  #total: number | undefined;
  #startedAt: number | undefined;
  #toldAt = 0;
  #digest: Buffer | undefined;

  constructor(options: MeterOptions) {
    this.#options = options;
    if (options.digest) this.#hash = createHash("sha256");
  }

  /** Passes chunks on and looks at each. */
  watch(chunks: Iterable<Chunk> | AsyncIterable<Chunk>): Iterable<Chunk> | AsyncIterable<Chunk> {
    this.#startedAt = this.#toldAt = performance.now();
    void this.#awaitTotal();
    return Symbol.iterator in chunks ? this.#watchSync(chunks) : this.#watchAsync(chunks);
  }

  /** SHA-256 of all that was seen. To be asked at the end. */
  digest(): Buffer | undefined {
    return (this.#digest ??= this.#hash?.digest());
  }

  /** Calls `progress` now. */
  tell(): void {
    const { progress, countRows } = this.#options;
    if (progress === undefined || this.#startedAt === undefined) return;
    const elapsed = performance.now() - this.#startedAt;
    const rows = countRows();
    const total = this.#total;
    const share = total === undefined ? undefined : total > 0 ? Math.min(rows / total, 1) : 1;
    const rate = elapsed > 0 ? (rows / elapsed) * 1_000 : 0;
    try {
      progress({ rows, bytes: this.bytes, elapsed, rate, total, share });
    } catch (error) {
      warn("PROGRESS_THREW", `progress threw: ${textOf(error)}. The export is not affected.`);
    }
  }

  *#watchSync(chunks: Iterable<Chunk>): Generator<Chunk, void, void> {
    for (const chunk of chunks) {
      this.#saw(chunk);
      yield chunk;
    }
  }

  /** By hand: a generator's `return()` would wait behind a pending `next()`. */
  #watchAsync(chunks: AsyncIterable<Chunk>): AsyncIterable<Chunk> {
    const iterator = chunks[Symbol.asyncIterator]();
    const watching: AsyncIterator<Chunk> = {
      next: async () => {
        const step = await iterator.next();
        if (step.done !== true) this.#saw(step.value);
        return step;
      },
      return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
    };
    return { [Symbol.asyncIterator]: () => watching };
  }

  #saw(chunk: Chunk): void {
    this.bytes += typeof chunk === "string" ? Buffer.byteLength(chunk) : chunk.byteLength;
    this.#hash?.update(chunk);
    if (this.#options.progress === undefined) return;
    const now = performance.now();
    if (now - this.#toldAt < INTERVAL) return;
    this.#toldAt = now;
    this.tell();
  }

  async #awaitTotal(): Promise<void> {
    try {
      this.#total = await this.#options.total;
    } catch (error) {
      warn(
        "TOTAL_FAILED",
        `The total of an export failed: ${textOf(error)}. Its share is unknown.`,
      );
    }
  }
}
