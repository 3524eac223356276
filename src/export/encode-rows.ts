import { FULL } from "../response/batch.ts";
import { Slice } from "../response/slice.ts";
import type { Chunk } from "../response/source.ts";
import { startTimer, type Timer } from "../response/timer.ts";
import { nextTurn, onNextTick, onNextTurn } from "../response/turn.ts";
import { openRows } from "./rows.ts";

/** Writes the rows of one export into a buffer of its own. */
export interface RowEncoder {
  /** Rows that were added. */
  readonly rows: number;
  /** About how many bytes `take()` has to give: at 64 KiB it is time. */
  readonly size: number;
  /** Adds what the source yielded: one row, or an array of rows. */
  add(rows: unknown): void;
  /** Adds what ends the document. Called once, and only if every row came. */
  end(): void;
  /** Removes and returns what is there; undefined when that is nothing. */
  take(): Chunk | undefined;
}

/** How long what comes before the first row, a header say, waits for that row: a query that fails at once is a 500. */
const GRACE = 1_000;

/**
 * Drives rows through an encoder. A chunk is handed out when it has 64 KiB or when the rows make the encoder wait,
 * whichever is first, so that one row in a minute leaves at once and a million leave in large pieces.
 */
export function encodeRows(
  rows: unknown,
  encoder: RowEncoder,
): Iterable<Chunk> | AsyncIterable<Chunk> {
  if (typeof (rows as PromiseLike<unknown>).then === "function") {
    return { [Symbol.asyncIterator]: () => opening(rows as PromiseLike<unknown>, encoder) };
  }
  const source = openRows(rows);
  if (source.sync) return encodeNow(source.iterator, encoder);
  const iterator = new EncodedRows(source.iterator, source.queued, encoder);
  return { [Symbol.asyncIterator]: () => iterator };
}

function* encodeNow(rows: Iterator<unknown>, encoder: RowEncoder): Generator<Chunk, void, void> {
  const slice = new Slice();
  try {
    for (const row of { [Symbol.iterator]: () => rows }) {
      encoder.add(row);
      // Slow rows leave before there are 64 KiB of them, and the pump lets others run.
      if (encoder.size < FULL && !slice.isOver()) continue;
      yield* taken(encoder);
      slice.restart();
    }
    encoder.end();
  } catch (error) {
    yield* taken(encoder); // what came before the mistake was accepted
    throw error;
  }
  yield* taken(encoder);
}

function* taken(encoder: RowEncoder): Generator<Chunk, void, void> {
  const chunk = encoder.take();
  if (chunk !== undefined) yield chunk;
}

async function* opening(
  rows: PromiseLike<unknown>,
  encoder: RowEncoder,
): AsyncGenerator<Chunk, void, void> {
  yield* encodeRows(await rows, encoder);
}

type Step = IteratorResult<Chunk, void>;

/** An iterator by hand, since a generator cannot hand out what it has while it waits for a row. */
class EncodedRows implements AsyncIterator<Chunk, void> {
  readonly #rows: AsyncIterator<unknown>;
  readonly #encoder: RowEncoder;
  readonly #later: typeof onNextTurn;
  readonly #slice = new Slice();
  /** Settles the `next()` that waits. */
  #wanted: { resolve(step: Step): void; reject(error: unknown): void } | undefined;
  #pulls = false;
  #turnComes = false;
  /** Until the first row: the timer after which what comes before it leaves alone. */
  #grace: Timer | undefined;
  #end: { error?: unknown } | undefined;

  constructor(rows: AsyncIterator<unknown>, queued: boolean, encoder: RowEncoder) {
    this.#rows = rows;
    this.#encoder = encoder;
    this.#later = queued ? onNextTurn : onNextTick;
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#wanted = { resolve, reject };
      if (this.#end !== undefined) this.serve();
      else if (!this.#pulls) void this.#pull();
      else if (this.#encoder.rows > 0) this.#serveLater();
    });
  }

  async return(): Promise<Step> {
    this.#finish({});
    await this.#rows.return?.();
    return { done: true, value: undefined };
  }

  async #pull(): Promise<void> {
    this.#pulls = true;
    if (this.#encoder.rows === 0) this.#grace = startTimer(serve, GRACE, this);
    try {
      while (this.#end === undefined && this.#wanted !== undefined) {
        const step = await this.#rows.next();
        if (this.#end !== undefined) return;
        if (step.done === true) {
          this.#encoder.end();
          return this.#finish({});
        }
        this.#add(step.value);
        if (this.#encoder.size >= FULL) this.serve();
        else this.#serveLater();
        if (this.#slice.isOver()) {
          await nextTurn();
          this.#slice.restart();
        }
      }
    } catch (error) {
      this.#finish({ error });
    } finally {
      this.#pulls = false;
    }
  }

  /** A row that cannot be written ends the rows; those that ended by themselves need no `return()`. */
  #add(row: unknown): void {
    clearTimeout(this.#grace);
    try {
      this.#encoder.add(row);
    } catch (error) {
      Promise.resolve(this.#rows.return?.()).catch(() => {}); // the mistake in the row is the error to tell
      throw error;
    }
  }

  #serveLater(): void {
    if (this.#turnComes) return;
    this.#turnComes = true;
    this.#later(afterTurn, this);
  }

  afterTurn(): void {
    this.#turnComes = false;
    this.#slice.restart();
    this.serve();
  }

  #finish(end: { error?: unknown }): void {
    this.#end ??= end;
    clearTimeout(this.#grace);
    this.serve();
  }

  /** Gives whoever waits what is there, and after the last of it the end. */
  serve(): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const chunk = this.#encoder.take();
    if (chunk === undefined && this.#end === undefined) return;
    this.#wanted = undefined;
    if (chunk !== undefined) wanted.resolve({ done: false, value: chunk });
    else if (this.#end?.error === undefined) wanted.resolve({ done: true, value: undefined });
    else wanted.reject(this.#end.error);
  }
}

// Called with the rows: no closures per turn.
const afterTurn = (rows: EncodedRows) => rows.afterTurn();
const serve = (rows: EncodedRows) => rows.serve();
