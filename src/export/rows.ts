import { MillraceError } from "../response/errors.ts";
import { checkNotEncoded } from "./encoded.ts";
import { describe, openSource, type OpenSource, type SourceContext } from "../response/source.ts";

/** Anything that yields rows, one at a time or in arrays of rows (batches), which cost less. */
export type RowStream<Row> = RowsNow<Row> | RowsLater<Row>;

/** Rows that need not be awaited. */
export type RowsNow<Row> = (Iterable<Row> & object) | (Iterable<Mixed<Row>> & object);

type RowsLater<Row> =
  | (AsyncIterable<Row> & object)
  | (AsyncIterable<Mixed<Row>> & object)
  | ReadableStream<Row>
  | ReadableStream<Mixed<Row>>;

/** Rows and batches of them. `Row` is not inferred from these: cells would be taken for rows. */
type Mixed<Row> = NoInfer<Row | readonly Row[]>;

/** What an export is made from: a stream of rows, a promise of it, or a function that returns either. */
export type Rows<Row> =
  | RowStream<Row>
  | PromiseLike<RowStream<Row>>
  | ((context: SourceContext) => RowStream<Row> | PromiseLike<RowStream<Row>>);

/**
 * Opens a stream of rows.
 *
 * @throws MillraceError `ROWS_INVALID`
 */
export function openRows(rows: unknown): OpenSource {
  checkNotEncoded(rows);
  checkRowStream(rows);
  return openSource(rows);
}

/** Throws unless `rows` can be the rows of an export, so that the mistake is found where it was made. */
export function checkRows(rows: unknown): void {
  if (typeof rows === "function" || isThenable(rows)) return;
  checkRowStream(rows);
}

export function checkRowStream(rows: unknown): void {
  if (typeof rows === "object" && rows !== null && !ArrayBuffer.isView(rows)) {
    if (Symbol.iterator in rows || Symbol.asyncIterator in rows || "getReader" in rows) return;
  }
  const hint =
    typeof rows === "function"
      ? "Call it first: there is no response whose signal it could be given."
      : "Give an iterable or async iterable of arrays, of objects or of arrays of rows.";
  throw new MillraceError("ROWS_INVALID", `The rows of an export are ${describe(rows)}. ${hint}`);
}

function isThenable(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

/**
 * Whether what a stream yielded is an array of rows rather than one row. A row of cells whose first cell is an array or a
 * plain object is taken for a batch; such rows have to come in batches themselves.
 */
export function isBatch(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && (value.length === 0 || isRow(value[0]));
}

function isRow(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
