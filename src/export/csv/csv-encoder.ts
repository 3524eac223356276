import { MillraceError } from "../../response/errors.ts";
import { describe, isPromise } from "../../response/source.ts";
import { ByteWriter } from "../byte-writer.ts";
import { inferLayout, namesIn, type Layout } from "../columns.ts";
import type { RowEncoder } from "../encode-rows.ts";
import { isBatch } from "../rows.ts";
import { CellWriter } from "./cell-writer.ts";
import type { Dialect } from "./dialect.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What has none of the columns, so that nothing but empty fields would be written of it. */
const isNoRow = (value: object) =>
  isPromise(value) || ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set;

/** Writes rows as CSV (RFC 4180). */
export class CsvEncoder implements RowEncoder {
  rows = 0;
  source: unknown;
  readonly #dialect: Dialect;
  readonly #delimiter: number;
  readonly #out = new ByteWriter();
  readonly #cells: CellWriter;
  /** Undefined until the first row, and for arrays whose columns have no names. */
  #layout: Layout | undefined;
  /** Whether rows are expected to have their keys in the order of the columns. */
  #alike = true;
  #known: ReadonlySet<string> | undefined;
  /** Fields of a record; 0 until that is known. */
  #width = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#cells = new CellWriter(this.#out, dialect, (what, column, options) => {
      throw this.#error(`cannot be written: ${this.#nameOf(column)} ${what}.`, options);
    });
    if (dialect.bom) this.#out.text("\ufeff");
    if (dialect.separatorLine) this.#out.text(`sep=${dialect.delimiter}${dialect.lineEnd}`);
    if (dialect.layout !== undefined) this.#begin(dialect.layout);
  }

  get size(): number {
    return this.#out.position;
  }

  add(rows: unknown): void {
    if (!isBatch(rows)) return this.#addRow(rows);
    for (const row of rows) this.#addRow(row);
  }

  end(): void {
    if (this.#width === 0 && namesIn(this.source) !== undefined) this.#infer([]); // no rows, and yet a header
  }

  take(): Uint8Array | undefined {
    return this.#out.take();
  }

  #addRow(row: unknown): void {
    if (typeof row !== "object" || row === null || (this.rows === 0 && isNoRow(row))) {
      throw this.#error(`is ${describe(row)}. A row is an array of cells or an object.`);
    }
    if (this.#width === 0) this.#infer(row);
    const start = this.#out.position;
    try {
      if (Array.isArray(row)) this.#writeArray(row);
      else this.#writeObject(row as Fields);
    } catch (error) {
      this.#out.position = start; // no part of a row that is not whole
      throw error;
    }
    this.#endRecord(start);
    this.rows += 1;
  }

  #infer(row: object): void {
    const layout = inferLayout(row, this.source);
    if (layout?.keys.length === 0) throw this.#error("has no columns.");
    if (layout !== undefined) return this.#begin(layout);
    if (this.#dialect.header === true) {
      throw this.#error("is an array, and its cells have no names for the header. Give `columns`.");
    }
    this.#width = (row as readonly unknown[]).length; // what has no layout is an array
  }

  #begin(layout: Layout): void {
    this.#layout = layout;
    if (this.#dialect.header !== false) {
      const start = this.#out.position;
      layout.labels.forEach((label, column) => this.#writeCell(label, column));
      this.#endRecord(start);
    }
    this.#width = layout.keys.length;
  }

  #writeArray(row: readonly unknown[]): void {
    const width = this.#width;
    if (row.length > width || (row.length < width && this.#dialect.ragged === "error")) {
      throw this.#error(`has ${row.length} cells, and there are ${width} columns.`);
    }
    const formats = this.#layout?.formats;
    for (let column = 0; column < width; column++) {
      const value = row[column];
      const format = formats?.[column];
      this.#writeCell(format === undefined ? value : format(value, row as never), column);
    }
  }

  #writeObject(row: Fields): void {
    const layout = this.#layout;
    if (layout === undefined) {
      throw this.#error("is an object, and the first row is an array. Give `columns`.");
    }
    const start = this.#out.position;
    if (this.#alike && layout.formats === undefined && this.#writeAlike(row, layout)) return;
    this.#out.position = start;
    if (layout.inferred) this.#checkKeys(row, layout);
    else this.#alike = false; // the rows are made in another order, and will stay so
    this.#writeFields(row, layout);
  }

  /** Writes a row that has the keys in the order of the columns, which is by far the fastest way to read it; false for another. */
  #writeAlike(row: Fields, { keys, inferred }: Layout): boolean {
    let column = 0;
    for (const key in row) {
      if (key !== keys[column]) return !inferred && column === keys.length;
      this.#writeCell(row[key], column++);
    }
    return column === keys.length;
  }

  #writeFields(row: Fields, { keys, formats }: Layout): void {
    for (let column = 0; column < keys.length; column++) {
      const value = row[keys[column] as string]; // it is in the array
      const format = formats?.[column];
      this.#writeCell(format === undefined ? value : format(value, row as never), column);
    }
  }

  #checkKeys(row: Fields, { keys }: Layout): void {
    this.#known ??= new Set(keys);
    for (const key of Object.keys(row)) {
      if (this.#known.has(key)) continue;
      throw this.#error(
        `has a key ${JSON.stringify(key)}, and the first row has not. List the keys to write in \`columns\`.`,
      );
    }
  }

  #writeCell(value: unknown, column: number): void {
    if (column > 0) {
      this.#out.reserve(1);
      this.#out.byte(this.#delimiter);
    }
    this.#cells.write(value, column);
  }

  #endRecord(start: number): void {
    if (this.#width <= 1 && this.#out.position - start <= 2) this.#mend(start);
    this.#out.text(this.#dialect.lineEnd);
  }

  /** A field that is alone: readers skip an empty line, and COPY takes `\.` for the end of the data (PostgreSQL, COPY). */
  #mend(start: number): void {
    const alone = this.#out.buffer.toString("latin1", start, this.#out.position);
    if (alone !== "" && alone !== "\\.") return;
    this.#out.position = start;
    this.#out.text(`"${alone}"`);
  }

  #nameOf(column: number): string {
    const label = this.#layout?.labels[column];
    return label === undefined ? `cell ${column + 1}` : `column ${JSON.stringify(label)}`;
  }

  /** While there is no width, it is the header that is written. */
  #error(what: string, options?: ErrorOptions): MillraceError {
    const subject =
      this.#layout !== undefined && this.#width === 0 ? "The header" : `Row ${this.rows + 1}`;
    return new MillraceError("ROW_INVALID", `${subject} ${what}`, options);
  }
}
