import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import { layoutOf, type Column, type Columns, type KeyOf, type Layout } from "../columns.ts";
import { codecNames, type ParquetCodec } from "./codecs.ts";
import { cellType, typeNames, type ParquetType } from "./types.ts";

/** How rows become a Parquet file. */
export interface ParquetFormat<Row = Record<string, unknown>> {
  /** The columns, in order; a label is the name in the file. Default: the keys of the first row, if that is an object. */
  columns?: Columns<Row> | undefined;
  /**
   * Types of columns, by key. Default: what the first cell that is not null is. Text becomes `string`, a Date `timestamp`, a bigint
   * `int64`, another object `json`; numbers become `int64` if those of the first row group are all integers, else `float64`; a
   * first row group of nulls becomes `string`. A later cell that does not fit fails the export: give the types of what shall
   * run unattended.
   */
  types?: { readonly [Key in KeyOf<Row>]?: ParquetType | undefined } | undefined;
  /**
   * Rows of a row group at most; one ends sooner at about 16 MiB, or 4 MiB in one column. Nothing leaves while a group is
   * collected: rows that come slowly want smaller ones. Default 25_000.
   */
  rowGroupRows?: number | undefined;
  /** How pages are compressed. `snappy` and `gzip` are larger and slower, for readers without zstd. Default `zstd`. */
  codec?: ParquetCodec | undefined;
}

/** A format for rows of whatever kind. */
export interface AnyParquetFormat extends Omit<ParquetFormat, "columns" | "types"> {
  columns?: readonly (string | Column<never>)[] | undefined;
  types?: object | undefined;
}

export const parquetFormatNames: readonly string[] = ["columns", "types", "rowGroupRows", "codec"];

/** What was checked of a {@link ParquetFormat}. */
export interface ParquetPlan {
  /** Undefined until the first row. */
  readonly layout: Layout | undefined;
  readonly types: Readonly<Record<string, ParquetType>>;
  readonly rowGroupRows: number;
  readonly codec: ParquetCodec;
}

/**
 * Checks the options that say what is in the file.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function planParquet(format: AnyParquetFormat): ParquetPlan {
  const { columns, rowGroupRows = 25_000, codec = "zstd" } = format;
  const layout = columns === undefined ? undefined : layoutOf(columns);
  const types = checkTypes(format.types ?? {}, layout);
  if (!Number.isSafeInteger(rowGroupRows) || rowGroupRows < 1) {
    throw invalid(`rowGroupRows is ${String(rowGroupRows)}; it takes a number of rows from 1.`);
  }
  if (!Object.hasOwn(codecNames, codec)) {
    throw invalid(`codec is ${describe(codec)}; it takes ${Object.keys(codecNames).join(", ")}.`);
  }
  const twice = layout?.labels.find((label, index, labels) => labels.indexOf(label) !== index);
  if (twice !== undefined)
    throw invalid(`Two columns are called "${twice}"; readers could not tell them apart.`);
  return { layout, types, rowGroupRows, codec };
}

function checkTypes(given: unknown, layout: Layout | undefined): Record<string, ParquetType> {
  if (typeof given !== "object" || given === null) {
    throw invalid(`types is ${describe(given)}; it takes an object of types by key.`);
  }
  const types: [string, ParquetType][] = [];
  for (const [key, type] of Object.entries(given)) {
    if (type === undefined) continue;
    if (cellType(type) === undefined) {
      throw invalid(`types.${key} is ${describe(type)}; it takes ${typeNames}.`);
    }
    if (layout !== undefined && !layout.keys.includes(key)) {
      throw invalid(`types has "${key}", which no column has.`);
    }
    types.push([key, type as ParquetType]); // it was found
  }
  return Object.fromEntries(types);
}

function invalid(message: string): MillraceError {
  return new MillraceError("OPTION_INVALID", message);
}
