import { MillraceError } from "../response/errors.ts";
import { describe } from "../response/source.ts";
import { textOf } from "../response/warn.ts";
import { ByteWriter } from "./byte-writer.ts";
import { inferLayout, layoutOf, type Columns, type Layout } from "./columns.ts";
import type { RowEncoder } from "./encode-rows.ts";
import { findUnwritable, jsonTextWithBigints } from "./json-text.ts";
import type { JsonKind } from "./json-export.ts";
import { isBatch } from "./rows.ts";

/** What is written for rows in JSON. */
export interface JsonFormat<Row = Record<string, unknown>> {
  /**
   * The properties to write, in this order; of array rows the names of the cells, which makes objects of them. Default: each row as
   * it is.
   */
  columns?: Columns<Row> | undefined;
}

export const jsonFormatNames: readonly string[] = ["columns"];

/**
 * The layout of rows in JSON.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function jsonLayoutOf<Row>({ columns }: JsonFormat<Row>): Layout | undefined {
  if (columns === undefined) return undefined;
  const layout = layoutOf(columns);
  const { labels } = layout;
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice === undefined) return layout;
  throw new MillraceError("OPTION_INVALID", `columns has the label "${twice}" twice.`);
}

/** Writes each row as what `JSON.stringify` makes of it. */
export class JsonEncoder implements RowEncoder {
  rows = 0;
  readonly #out = new ByteWriter();
  source: unknown;
  #layout: Layout | undefined;
  readonly #kind: JsonKind;
  /** What the columns of a row are put into, so that its properties are in their order. */
  #picked: Record<string, unknown> = {};
  #hasBigints = false;

  constructor(kind: JsonKind, layout: Layout | undefined) {
    this.#kind = kind;
    this.#begin(layout);
    this.#out.text(kind.begin);
  }

  get size(): number {
    return this.#out.position;
  }

  add(rows: unknown): void {
    if (!isBatch(rows)) return this.#addRow(rows);
    for (const row of rows) this.#addRow(row);
  }

  end(): void {
    this.#out.text(this.#kind.end);
  }

  take(): Uint8Array | undefined {
    return this.#out.take();
  }

  #begin(layout: Layout | undefined): void {
    this.#layout = layout;
    this.#picked = Object.fromEntries(layout?.labels.map((label) => [label, undefined]) ?? []);
  }

  #addRow(row: unknown): void {
    // Rows of cells become objects if their source knows the names.
    if (this.rows === 0 && this.#layout === undefined && Array.isArray(row)) {
      this.#begin(inferLayout(row, this.source));
    }
    const value = this.#layout === undefined ? row : this.#pick(row, this.#layout);
    const text = this.#textOf(value);
    const found = findUnwritable(value);
    if (text === undefined || found !== undefined) {
      const what = `${found === value ? "is" : "has"} ${describe(found)}`;
      throw this.#error(`${what}, which JSON cannot hold. Write something else with \`format\`.`);
    }
    if (this.rows > 0 && this.#kind.between !== "") this.#out.text(this.#kind.between);
    this.#out.text(text);
    if (this.#kind.after !== "") this.#out.text(this.#kind.after);
    this.rows += 1;
  }

  #pick(row: unknown, { keys, labels, formats }: Layout): Record<string, unknown> {
    if (!isObject(row)) {
      throw this.#error(`is ${describe(row)}. With \`columns\`, a row is an array or an object.`);
    }
    if (Array.isArray(row) && row.length !== keys.length) {
      throw this.#error(`has ${row.length} cells, and there are ${keys.length} columns.`);
    }
    const isArray = Array.isArray(row);
    for (let column = 0; column < keys.length; column++) {
      const value = (row as Fields)[isArray ? column : (keys[column] as string)]; // both are as long
      const format = formats?.[column];
      const written = format === undefined ? value : format(value, row as never);
      this.#picked[labels[column] as string] = written; // as long as well
    }
    return this.#picked;
  }

  #textOf(value: unknown): string | undefined {
    try {
      if (!this.#hasBigints) return JSON.stringify(value);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // of somebody's toJSON
      this.#hasBigints = true; // or a circle, and then it fails again
    }
    try {
      return jsonTextWithBigints(value);
    } catch (error) {
      const [reason] = textOf(error).split("\n", 1);
      throw this.#error(`cannot be written as JSON: ${reason}`, { cause: error });
    }
  }

  #error(what: string, options?: ErrorOptions): MillraceError {
    return new MillraceError("ROW_INVALID", `Row ${this.rows + 1} ${what}`, options);
  }
}

type Fields = Readonly<Record<string | number, unknown>>;

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
