import { FULL } from "../response/batch.ts";
import { Slice } from "../response/slice.ts";
import { isPromise } from "../response/source.ts";
import { startTimer, type Timer } from "../response/timer.ts";
import { nextTurn, onNextTick, onNextTurn } from "../response/turn.ts";
import { checkRowStream, isBatch, openRows } from "./rows.ts";

/** Writes the rows of one export into a buffer of its own. */
export interface RowEncoder {
  /** Rows that were added. */
  readonly rows: number;
  /** What yields them, which may know the names of their cells. */
  source?: unknown;
  /** About how many bytes `take()` has to give: at 64 KiB it is time. */
  readonly size: number;
  /** Adds what the source yielded: one row, or an array of rows. */
  add(rows: unknown): void;
  /** Adds what ends the document. Called once, and only if every row came. */
  end(): void;
  /** Removes and returns what is there, or a part of it; undefined when that is nothing. */
  take(): Uint8Array | undefined;
}

/** How long what comes before the first row, a header say, waits for that row: a query that fails at once is a 500. */
const GRACE = 1_000;
/** Rows of a batch that are written in one go. */
const PORTION = 256;

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Drives rows through an encoder. A chunk is handed out when it has 64 KiB or when the rows make the encoder wait,
 * whichever is first, so that one row in a minute leaves at once and a million leave in large pieces.
 *
 * @throws MillraceError `ROWS_INVALID`
 */
export function encodeRows(rows: unknown, encoder: RowEncoder): Chunks {
  encoder.source = rows;
  const source = openRows(rows);
  if (source.sync) {
    const iterator = encodeNow(source.iterator, encoder);
    return { [Symbol.iterator]: () => iterator };
  }
  const iterator = new EncodedRows(source.iterator, source.queued, encoder);
  return { [Symbol.asyncIterator]: () => iterator };
}

/**
 * What `encodeRows` makes of rows that nobody has opened, for use without a response. Nothing is opened before it is read, and
 * what can be read twice is encoded twice.
 *
 * @throws MillraceError `ROWS_INVALID`
 */
export function encodeUnopened(rows: unknown, createEncoder: () => RowEncoder): Chunks {
  if (isPromise(rows)) return { [Symbol.asyncIterator]: () => encodeLater(rows, createEncoder) };
  checkRowStream(rows);
  const open = () => encodeRows(rows, createEncoder());
  const stream = rows as object; // checkRowStream has looked
  if (Symbol.iterator in stream && !("getReader" in stream)) {
    return { [Symbol.iterator]: () => (open() as Iterable<Uint8Array>)[Symbol.iterator]() }; // as its rows are
  }
  return {
    [Symbol.asyncIterator]: () => (open() as AsyncIterable<Uint8Array>)[Symbol.asyncIterator](), // as its rows are
  };
}

async function* encodeLater(
  rows: unknown,
  createEncoder: () => RowEncoder,
): AsyncGenerator<Uint8Array, void, void> {
  yield* encodeRows(await rows, createEncoder());
}

type Step = IteratorResult<Uint8Array, void>;

function encodeNow(rows: Iterator<unknown>, encoder: RowEncoder): Iterator<Uint8Array, void> {
  const chunks = chunksNow(rows, encoder);
  let started = false;
  return {
    next() {
      started = true;
      return chunks.next();
    },
    return() {
      if (!started) rows.return?.(); // a generator that has not begun has no `finally` to do it in
      return chunks.return();
    },
  };
}

function* chunksNow(
  rows: Iterator<unknown>,
  encoder: RowEncoder,
): Generator<Uint8Array, void, void> {
  const slice = new Slice();
  let end: End = {};
  try {
    for (const value of { [Symbol.iterator]: () => rows }) {
      for (let at: number | undefined = 0; at !== undefined; at = after(value, at)) {
        encoder.add(portion(value, at));
        // Slow rows leave before there are 64 KiB of them, and the pump lets others run.
        if (encoder.size < FULL && !slice.isOver()) continue;
        const chunk = encoder.take();
        if (chunk !== undefined) yield chunk;
        slice.restart();
      }
    }
    encoder.end();
  } catch (error) {
    end = { error };
  }
  for (let step = lastStep(encoder, end); step.done !== true; step = lastStep(encoder, end)) {
    yield step.value;
  }
}

/** Where the next portion of what was yielded begins; undefined after the last one. */
function after(value: unknown, at: number): number | undefined {
  return isLong(value) && at + PORTION < value.length ? at + PORTION : undefined;
}

/** A part of a long batch; a batch that is not long, and a row, as they are. */
function portion(value: unknown, at: number): unknown {
  return isLong(value) ? value.slice(at, at + PORTION) : value;
}

function isLong(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > PORTION && isBatch(value);
}

/** How the rows ended; with an error, whatever that is. */
type End = { readonly error?: unknown };

/** What is still to be handed out when the rows have ended, and then their end: what came before a mistake was accepted. */
function lastStep(encoder: RowEncoder, end: End): Step {
  const failed = "error" in end;
  const chunk = failed && encoder.rows === 0 ? undefined : encoder.take();
  if (chunk !== undefined) return { done: false, value: chunk };
  if (failed) throw end.error;
  return { done: true, value: undefined };
}

/** An iterator by hand, since a generator cannot hand out what it has while it waits for a row. */
class EncodedRows implements AsyncIterator<Uint8Array, void> {
  readonly #rows: AsyncIterator<unknown>;
  readonly #encoder: RowEncoder;
  readonly #later: typeof onNextTurn;
  readonly #slice = new Slice();
  /** Settles the `next()` that waits. */
  #wanted: { resolve(step: Step): void; reject(error: unknown): void } | undefined;
  #pulls = false;
  /** What the rows yielded last, and where the rest of it begins. */
  #value: unknown;
  #at: number | undefined;
  #turnComes = false;
  /** Until the first row: the timer after which what comes before it leaves alone. */
  #grace: Timer | undefined;
  #end: End | undefined;

  constructor(rows: AsyncIterator<unknown>, queued: boolean, encoder: RowEncoder) {
    this.#rows = rows;
    this.#encoder = encoder;
    this.#later = queued ? onNextTurn : onNextTick;
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#wanted = { resolve, reject };
      if (this.#end !== undefined) return this.serve();
      if (!this.#pulls) void this.#pull();
      if (this.#encoder.rows > 0) this.#serveLater(); // what a full chunk has left over, or came since
    });
  }

  async return(): Promise<Step> {
    if (this.#end === undefined) {
      this.#finish({});
      await this.#rows.return?.();
    }
    return { done: true, value: undefined };
  }

  async #pull(): Promise<void> {
    this.#pulls = true;
    if (this.#encoder.rows === 0) this.#grace = startTimer(serve, GRACE, this);
    try {
      while (this.#end === undefined && this.#wanted !== undefined) {
        if (this.#at === undefined) {
          const step = await this.#rows.next();
          if (this.#end !== undefined) return;
          if (!this.#turnComes) this.#slice.restart(); // it was a wait
          if (step.done === true) {
            this.#encoder.end();
            return this.#finish({});
          }
          this.#value = step.value;
          this.#at = 0;
        }
        this.#add(this.#at);
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
  #add(at: number): void {
    if (this.#grace !== undefined) clearTimeout(this.#grace);
    this.#grace = undefined;
    try {
      this.#encoder.add(portion(this.#value, at));
    } catch (error) {
      void closeQuietly(this.#rows);
      throw error;
    }
    this.#at = after(this.#value, at);
    if (this.#at === undefined) this.#value = undefined;
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

  #finish(end: End): void {
    this.#end ??= end;
    clearTimeout(this.#grace);
    this.serve();
  }

  /** Gives whoever waits what is there, and after the last of it the end. */
  serve(): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    try {
      const step = this.#end === undefined ? this.#taken() : lastStep(this.#encoder, this.#end);
      if (step === undefined) return;
      this.#wanted = undefined;
      wanted.resolve(step);
    } catch (error) {
      this.#wanted = undefined;
      wanted.reject(error);
    }
  }

  #taken(): Step | undefined {
    const value = this.#encoder.take();
    return value === undefined ? undefined : { done: false, value };
  }
}

/** The mistake in the row is the error to tell, not that of a cleanup. */
async function closeQuietly(rows: AsyncIterator<unknown>): Promise<void> {
  try {
    await rows.return?.();
  } catch {
    // told nobody
  }
}

// Called with the rows: no closures per turn.
const afterTurn = (rows: EncodedRows) => rows.afterTurn();
const serve = (rows: EncodedRows) => rows.serve();
