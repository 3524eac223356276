import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import { ByteWriter } from "../byte-writer.ts";
import { inferLayout, type Layout } from "../columns.ts";
import type { RowEncoder } from "../encode-rows.ts";
import { isBatch } from "../rows.ts";
import { cellXml, type Fail } from "./cell.ts";
import { BOLD, sheetFoot, sheetHead, type WrittenSheet } from "./parts.ts";
import { MOST_COLUMNS, sheetName, type XlsxPlan } from "./plan.ts";
import { columnName, widthsOf } from "./sheet-columns.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A sheet that has been written, and where its bytes end among those of all sheets. */
export interface EncodedSheet extends WrittenSheet {
  readonly end: number;
}

/** From 4 GiB of XML on the entry is ZIP64, of which Excel takes few forms (apache/poi#154). */
const LARGEST_SHEET = 4_000_000_000;

/** Writes rows as the sheets of a workbook (ECMA-376-1 18.3.1.99), one behind the other. */
export class SheetEncoder implements RowEncoder {
  rows = 0;
  /** What yields the rows; it may know the names of their cells. */
  source: unknown;
  /** Sheets that have begun; the next one does with the first row that it gets. */
  begun = 0;
  /** Those that are complete. */
  readonly sheets: EncodedSheet[] = [];
  readonly #plan: XlsxPlan;
  readonly #out = new ByteWriter();
  /** Bytes that were taken. */
  #taken = 0;
  /** Undefined until the first row, and for arrays whose columns have no names. */
  #layout: Layout | undefined;
  #known: ReadonlySet<string> | undefined;
  /** How the tag of a cell begins in each column, up to the number of its row. Undefined until the columns are known. */
  #opens: readonly string[] | undefined;
  #widths: readonly number[] = [];
  /** Of the sheet that is being written: where it begins, and its rows so far, with the header. */
  #start = 0;
  #sheetRows = 0;
  /** The one whose cell is being written, for the error. */
  #column = 0;

  constructor(plan: XlsxPlan) {
    this.#plan = plan;
    this.#layout = plan.layout;
  }

  get size(): number {
    return this.#out.position;
  }

  add(rows: unknown): void {
    if (!isBatch(rows)) return this.#addRow(rows);
    for (const row of rows) this.#addRow(row);
  }

  end(): void {
    this.#layout ??= inferLayout([], this.source);
    if (this.#opens === undefined) this.#begin([]);
    this.#endSheet();
  }

  take(): Uint8Array | undefined {
    // The first row is late: the reader sees at least that there will be some.
    if (this.#opens === undefined && this.#layout !== undefined) this.#begin([]);
    const bytes = this.#out.take();
    this.#taken += bytes?.byteLength ?? 0;
    return bytes;
  }

  #addRow(row: unknown): void {
    if (typeof row !== "object" || row === null || ArrayBuffer.isView(row)) {
      throw this.#error(`is ${describe(row)}. A row is an array of cells or an object.`);
    }
    if (this.#opens === undefined) this.#infer(row);
    const full = this.#sheetRows === this.#plan.rowsPerSheet;
    if (full || this.#offset - this.#start > LARGEST_SHEET) {
      this.#endSheet();
      this.#beginSheet();
    }
    this.#check(row);
    this.#writeRow(this.#cellsOf(row));
    this.rows += 1;
  }

  /** What the first row says about the columns. */
  #infer(row: object): void {
    this.#layout ??= inferLayout(row, this.source);
    if (this.#layout?.keys.length === 0) throw this.#error("has no columns.");
    if (this.#layout === undefined && this.#plan.header === true) {
      throw this.#error("is an array, and its cells have no names for the header. Give `columns`.");
    }
    const values = Array.isArray(row) ? row : this.#layout?.keys.map((key) => (row as Fields)[key]);
    this.#begin(values ?? []);
  }

  #begin(sample: readonly unknown[]): void {
    const layout = this.#layout;
    this.#widths = widthsOf(layout, sample, this.#plan);
    const { length } = this.#widths;
    if (length > MOST_COLUMNS) {
      throw this.#error(`has ${length} cells, and a row of a sheet holds ${MOST_COLUMNS}.`);
    }
    this.#opens = this.#widths.map((_, column) => `<c r="${columnName(column)}`);
    this.#beginSheet();
  }

  get #hasHeader(): boolean {
    return this.#layout !== undefined && this.#plan.header !== false;
  }

  #beginSheet(): void {
    this.begun += 1;
    this.#start = this.#offset;
    this.#sheetRows = 0;
    const head = { first: this.sheets.length === 0, frozen: this.#hasHeader, widths: this.#widths };
    this.#out.text(sheetHead(head));
    if (!this.#hasHeader) return;
    const cells = this.#layout?.labels.map((label, column) => {
      this.#column = column;
      return cellXml(`${this.#opens?.[column]}1" s="${BOLD}"`, label, this.#fail);
    });
    this.#writeRow(cells?.join("") ?? "");
  }

  #endSheet(): void {
    const { sheet, autoFilter } = this.#plan;
    const last = `$${columnName(this.#widths.length - 1)}$${this.#sheetRows}`;
    const filter = autoFilter && this.#hasHeader ? `$A$1:${last}` : undefined;
    this.#out.text(sheetFoot(filter));
    const name = sheetName(sheet, this.sheets.length + 1);
    this.sheets.push({ name, filter, end: this.#offset });
  }

  /** Text that is joined and then encoded once: a writer of bytes gains nothing on Node 24, and loses on 26. */
  #writeRow(cells: string): void {
    this.#sheetRows += 1;
    this.#out.text(`<row r="${this.#sheetRows}">${cells}</row>`);
  }

  #cellsOf(row: object): string {
    const { keys, formats } = this.#layout ?? {};
    const opens = this.#opens ?? [];
    const number = `${this.#sheetRows + 1}"`;
    let cells = "";
    for (let column = 0; column < opens.length; column++) {
      const value: unknown = Array.isArray(row)
        ? row[column]
        : (row as Fields)[keys?.[column] as string]; // there are as many
      const format = formats?.[column];
      const given = format === undefined ? value : format(value, row as never);
      this.#column = column;
      cells += cellXml((opens[column] as string) + number, given, this.#fail); // it is below the length
    }
    return cells;
  }

  #check(row: object): void {
    if (Array.isArray(row)) {
      if (row.length === this.#widths.length) return;
      throw this.#error(`has ${row.length} cells, and there are ${this.#widths.length} columns.`);
    }
    if (this.#layout === undefined) {
      throw this.#error("is an object, and the first row is an array. Give `columns`.");
    }
    if (this.#layout.inferred) this.#checkKeys(row as Fields, this.#layout.keys);
  }

  #checkKeys(row: Fields, keys: readonly string[]): void {
    let column = 0;
    for (const key in row) if (key !== keys[column++]) return this.#checkEachKey(row, keys);
  }

  #checkEachKey(row: Fields, keys: readonly string[]): void {
    this.#known ??= new Set(keys);
    for (const key of Object.keys(row)) {
      if (this.#known.has(key)) continue;
      throw this.#error(
        `has a key ${JSON.stringify(key)}, and the first row has not. List the keys to write in \`columns\`.`,
      );
    }
  }

  readonly #fail: Fail = (what, options) => {
    const label = this.#layout?.labels[this.#column];
    const name =
      label === undefined ? `cell ${this.#column + 1}` : `column ${JSON.stringify(label)}`;
    throw this.#error(`cannot be written: ${name} ${what}.`, options);
  };

  #error(what: string, options?: ErrorOptions): MillraceError {
    return new MillraceError("ROW_INVALID", `Row ${this.rows + 1} ${what}`, options);
  }

  /** Bytes that were written in all. */
  get #offset(): number {
    return this.#taken + this.#out.position;
  }
}
