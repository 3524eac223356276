import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import { inferLayout, type Layout } from "../columns.ts";
import { ParquetColumn } from "./column.ts";
import type { ParquetPlan } from "./plan.ts";

/** Bytes of cells at which a row group is full, however few its rows are: this is what an export holds in memory. */
const FULL_GROUP = 16 * 1024 * 1024;

/** The same for one column: it is encoded in one go, and the event loop waits for that. */
const FULL_COLUMN = 4 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/** Turns rows into the columns of one row group after the other. */
export class RowGroup {
  /** Empty until they are known. */
  columns: readonly ParquetColumn[] = [];
  /** Rows that are collected. */
  rows = 0;
  /** What yields the rows, which may know the names of their cells. */
  source: unknown;
  /** Rows of the groups that were written. */
  rowsWritten = 0;
  readonly #plan: ParquetPlan;
  #layout: Layout | undefined;
  #known: ReadonlySet<string> = new Set();

  constructor(plan: ParquetPlan) {
    this.#plan = plan;
    if (plan.layout !== undefined) this.#begin(plan.layout);
  }

  /**
   * Adds a row; true when the group is full.
   *
   * @throws MillraceError `ROW_INVALID`
   */
  add(row: unknown): boolean {
    this.rows += 1;
    if (typeof row !== "object" || row === null || ArrayBuffer.isView(row)) {
      throw this.#error(`is ${describe(row)}. A row is an array of cells or an object.`);
    }
    const layout = this.#layout ?? this.#infer(row);
    const cells = Array.isArray(row) ? (row as readonly unknown[]) : undefined;
    if (cells !== undefined) this.#checkWidth(cells);
    else if (layout.inferred) this.#checkKeys(row, layout);
    let full = this.rows >= this.#plan.rowGroupRows;
    let bytes = 0;
    for (const [index, column] of this.columns.entries()) {
      const value = cells === undefined ? (row as Fields)[column.key] : cells[index];
      const format = layout.formats?.[index];
      this.#addCell(column, format === undefined ? value : format(value, row as never)); // `columns` is typed with it
      bytes += column.bytes;
      full ||= column.bytes >= FULL_COLUMN;
    }
    return full || bytes >= FULL_GROUP;
  }

  /** The group was written. */
  next(): void {
    this.rowsWritten += this.rows;
    this.rows = 0;
  }

  /** There are no more rows. If there was none, the columns are those that have a type. */
  end(): void {
    const layout = this.#layout ?? inferLayout([], this.source) ?? inferLayout(this.#plan.types);
    if (this.#layout === undefined && layout !== undefined) this.#begin(layout);
    for (const column of this.columns) column.settle();
  }

  #infer(row: object): Layout {
    const layout = inferLayout(row, this.source);
    if (layout === undefined) {
      throw this.#error("is an array, and its cells have no names. Give `columns`.");
    }
    if (layout.keys.length === 0) throw this.#error("has no columns.");
    const absent = Object.keys(this.#plan.types).find((key) => !layout.keys.includes(key));
    if (absent !== undefined) throw this.#error(`has no "${absent}", which is in \`types\`.`);
    return this.#begin(layout);
  }

  #begin(layout: Layout): Layout {
    const { keys, labels } = layout;
    const types = new Map(Object.entries(this.#plan.types));
    this.columns = keys.map(
      (key, index) => new ParquetColumn(key, labels[index] ?? key, types.get(key)),
    );
    this.#known = new Set(keys);
    this.#layout = layout;
    return layout;
  }

  #checkWidth({ length }: readonly unknown[]): void {
    const width = this.columns.length;
    if (length !== width) throw this.#error(`has ${length} cells, and there are ${width} columns.`);
  }

  #checkKeys(row: object, { keys }: Layout): void {
    let index = 0;
    for (const key in row) {
      if (key === keys[index++] || this.#known.has(key) || !Object.hasOwn(row, key)) continue;
      throw this.#error(
        `has a key ${JSON.stringify(key)}, and the first row has not. List the keys to write in \`columns\`.`,
      );
    }
  }

  #addCell(column: ParquetColumn, value: unknown): void {
    try {
      if (column.add(value)) return;
    } catch (cause) {
      throw this.#error(
        `has ${describeCell(value)} in ${nameOf(column)}, of which no JSON can be made.`,
        { cause },
      );
    }
    const source = column.inferred ? "which its first cells say" : "which `types` says";
    throw this.#error(
      `has ${describeCell(value)} in ${nameOf(column)} of type ${column.typeName}, ${source}. Give another type, or a \`format\` for the column.`,
    );
  }

  #error(what: string, options?: ErrorOptions): MillraceError {
    return new MillraceError("ROW_INVALID", `Row ${this.rowsWritten + this.rows} ${what}`, options);
  }
}

function describeCell(value: unknown): string {
  const invalid = value instanceof Date && Number.isNaN(value.getTime());
  return invalid ? "an invalid Date" : describe(value);
}

function nameOf({ name }: ParquetColumn): string {
  return `the column ${JSON.stringify(name)}`;
}
