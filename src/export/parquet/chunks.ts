import { Slice } from "../../response/slice.ts";
import { isPromise, type OpenSource } from "../../response/source.ts";
import { nextTurn } from "../../response/turn.ts";
import { isBatch, openRows } from "../rows.ts";
import { ParquetFile } from "./file.ts";
import type { ParquetPlan } from "./plan.ts";
import { RowGroup } from "./row-group.ts";

/** The bytes of one Parquet file: its first four, then a chunk for each column of each row group, then the footer. */
export class ParquetChunks implements AsyncIterableIterator<Uint8Array, void> {
  readonly #plan: ParquetPlan;
  readonly #group: RowGroup;
  readonly #chunks: AsyncGenerator<Uint8Array, void, void>;
  /** The rows while they are to be closed. */
  #source: OpenSource | undefined;
  #left = false;

  constructor(rows: unknown, plan: ParquetPlan) {
    this.#plan = plan;
    this.#group = new RowGroup(plan);
    if (!isPromise(rows)) this.#source = openRows(rows);
    this.#chunks = this.#encode(rows);
  }

  /** Rows of the row groups that were handed out. */
  get rows(): number {
    return this.#group.rowsWritten;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    return this.#chunks.next();
  }

  /** Closes the rows at once: `return()` of the generator would wait behind its pending `next()`. */
  async return(): Promise<IteratorResult<Uint8Array, void>> {
    this.#left = true;
    await this.#close();
    return { done: true, value: undefined };
  }

  async #close(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.iterator.return?.();
  }

  async *#encode(rows: unknown): AsyncGenerator<Uint8Array, void, void> {
    const stream: unknown = await rows;
    this.#group.source = stream;
    const source = (this.#source ??= openRows(stream));
    if (this.#left) return this.#close();
    const file = new ParquetFile(await import("hyparquet-writer"), this.#plan.codec); // other formats need not wait for it
    const slice = new Slice();
    let begun = false;
    for (;;) {
      const step = source.sync ? source.iterator.next() : await source.iterator.next();
      if (this.#left) return;
      if (step.done === true) break;
      try {
        for (const row of isBatch(step.value) ? step.value : [step.value]) {
          const full = this.#group.add(row);
          if (!begun) yield file.take(); // the head may go: the rows did not fail at once
          begun = true;
          if (full) yield* this.#write(file);
          else if (!slice.isOver()) continue;
          await nextTurn();
          if (this.#left) return;
          slice.restart();
        }
      } catch (error) {
        this.#close().catch(() => {}); // the mistake in the row is the error to tell
        throw error;
      }
    }
    this.#source = undefined;
    if (this.#group.rows > 0) yield* this.#write(file);
    this.#group.end();
    file.end(this.#group.columns);
    yield file.take();
  }

  /** Writes the row group that was collected. */
  async *#write(file: ParquetFile): AsyncGenerator<Uint8Array, void, void> {
    const { columns } = this.#group;
    for (const column of columns) {
      await nextTurn();
      column.settle();
      file.writeColumn(column);
      yield file.take();
    }
    file.endGroup(columns.length);
    this.#group.next();
  }
}
