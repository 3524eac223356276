import { FULL } from "../../response/batch.ts";
import type { Pile } from "./feed.ts";

/** Joins pieces of bytes, such as COPY's message per row, into chunks of 64 KiB. */
export class BytePile implements Pile<Uint8Array, Uint8Array> {
  /** Pieces that were added. */
  added = 0;
  readonly #filled: Uint8Array[] = [];
  #chunk: Uint8Array | undefined;
  /** Where in `#chunk` the bytes begin that nobody has taken, and where they end. */
  #from = 0;
  #to = 0;

  get full(): boolean {
    return this.#filled.length > 0;
  }

  /** Copies: the driver's buffer is its own. */
  add(bytes: Uint8Array): void {
    this.added += 1;
    let rest = bytes;
    while (rest.byteLength > 0) {
      const chunk = (this.#chunk ??= Buffer.allocUnsafeSlow(FULL));
      const room = FULL - this.#to;
      const part = rest.byteLength > room ? rest.subarray(0, room) : rest;
      chunk.set(part, this.#to);
      this.#to += part.byteLength;
      if (part.byteLength < room) return;
      this.#filled.push(chunk.subarray(this.#from));
      this.#chunk = undefined;
      this.#from = this.#to = 0;
      rest = rest.subarray(room);
    }
  }

  take(): Uint8Array | undefined {
    const filled = this.#filled.shift();
    if (filled !== undefined || this.#to === this.#from) return filled;
    const bytes = this.#chunk?.subarray(this.#from, this.#to);
    this.#from = this.#to; // the rest of the chunk is still to be filled
    return bytes;
  }
}

/** One row, its cells in the order of the columns. */
export type DatabaseRow = readonly unknown[];

/** Joins rows into batches. */
export class RowPile implements Pile<DatabaseRow, readonly DatabaseRow[]> {
  readonly #most: number;
  #rows: DatabaseRow[] = [];

  /** @param most Rows in a batch, unless more arrive at once. */
  constructor(most: number) {
    this.#most = most;
  }

  get full(): boolean {
    return this.#rows.length >= this.#most;
  }

  add(row: DatabaseRow): void {
    this.#rows.push(row);
  }

  take(): readonly DatabaseRow[] | undefined {
    if (this.#rows.length === 0) return undefined;
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}
