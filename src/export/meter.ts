import { createHash, type Hash } from "node:crypto";

import { MillraceError } from "../response/errors.ts";
import { describe, type Chunk } from "../response/source.ts";
import { startTimer, type Timer } from "../response/timer.ts";
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
  /** Runs from the first chunk that nobody was told of, so that the last one before a pause is told of too. */
  #due: Timer | undefined;
  #digest: Buffer | undefined;

  constructor(options: MeterOptions) {
    this.#options = options;
    if (options.digest) this.#hash = createHash("sha256");
    if (options.total instanceof Promise) options.total.catch(() => {}); // it may be rejected before anybody reads
  }

  /** Passes chunks on and looks at each. */
  watch(chunks: Iterable<Chunk> | AsyncIterable<Chunk>): Iterable<Chunk> | AsyncIterable<Chunk> {
    this.#startedAt = performance.now();
    void this.#awaitTotal();
    return Symbol.iterator in chunks ? this.#watchSync(chunks) : this.#watchAsync(chunks);
  }

  /** SHA-256 of all that was seen. To be asked at the end. */
  digest(): Buffer | undefined {
    return (this.#digest ??= this.#hash?.digest());
  }

  /** Calls `progress` now. */
  tell(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
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

  /** By hand: a generator that has not begun would not pass `return()` on. */
  #watchSync(chunks: Iterable<Chunk>): Iterable<Chunk> {
    const iterator = chunks[Symbol.iterator]();
    const watching: Iterator<Chunk> = {
      next: () => {
        const step = iterator.next();
        if (step.done !== true) this.#saw(step.value);
        return step;
      },
      return: () => iterator.return?.() ?? { done: true, value: undefined },
    };
    return { [Symbol.iterator]: () => watching };
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
    if (this.#options.progress !== undefined) this.#due ??= startTimer(tell, INTERVAL, this);
  }

  async #awaitTotal(): Promise<void> {
    try {
      this.#total = checkTotal(await this.#options.total);
    } catch (error) {
      warn(
        "TOTAL_FAILED",
        `The total of an export failed: ${textOf(error)}. Its share is unknown.`,
      );
    }
  }
}

const tell = (meter: Meter) => meter.tell();

/**
 * Throws unless `total` is a number of rows.
 *
 * @throws MillraceError `OPTION_INVALID`
 */
export function checkTotal(total: number | undefined): number | undefined {
  if (total === undefined || (typeof total === "number" && total >= 0)) return total;
  throw new MillraceError(
    "OPTION_INVALID",
    `total is ${describe(total)}; it takes a number of rows, or a promise of one.`,
  );
}
