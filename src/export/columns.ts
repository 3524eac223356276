import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import { describe } from "../response/source.ts";

/** One column of a table. */
export interface Column<Row = Record<string, unknown>> {
  /** The property of object rows that holds the cell. Of array rows the cells count in order, and this names the column. */
  key: KeyOf<Row>;
  /** What the header says. Default: `key`. */
  label?: string | undefined;
  /** Makes what is written from what the row holds. Default: the value itself. */
  format?: ((value: unknown, row: RowOf<Row>) => unknown) | undefined;
}

/** The row where rows come in batches too: an array of objects or of arrays is one of rows. */
type RowOf<Row> = Row extends readonly (infer Inner)[]
  ? [Inner] extends [object]
    ? Inner
    : Row
  : Row;

/** The names that a column of such rows can have; any where nothing is known of them. */
export type KeyOf<Row> = [Row] extends [never] ? string : KeyOfOne<RowOf<Row>>;

type KeyOfOne<Row> = Row extends readonly unknown[]
  ? string
  : Row extends object
    ? Extract<keyof Row, string>
    : string;

/** The columns of an export, in their order: names of properties, or what else there is to say about a column. */
export type Columns<Row> = readonly (KeyOf<Row> | Column<Row>)[];

/** The columns of one export, known when its first row is. */
export interface Layout {
  readonly keys: readonly string[];
  readonly labels: readonly string[];
  /** Undefined where no column has one. */
  readonly formats: readonly (((value: unknown, row: never) => unknown) | undefined)[] | undefined;
  /** Whether the keys were read off the first row: then another key in a later row is a mistake. */
  readonly inferred: boolean;
}

/**
 * The layout that `columns` describe.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function layoutOf(columns: readonly unknown[]): Layout {
  if (!Array.isArray(columns) || columns.length === 0) {
    throw new MillraceError(
      "OPTION_INVALID",
      `columns is ${describe(columns)}; it takes an array of at least one column. Leave it out to take the columns from the first row.`,
    );
  }
  const list = (columns as readonly unknown[]).map(checkColumn); // isArray has dropped the type
  const twice = list.find(({ key }, index) => list.findIndex((one) => one.key === key) !== index);
  if (twice !== undefined) {
    throw new MillraceError("OPTION_INVALID", `columns has "${twice.key}" twice.`);
  }
  return {
    keys: list.map(({ key }) => key),
    labels: list.map(({ key, label }) => label ?? key),
    formats: list.some(({ format }) => format) ? list.map(({ format }) => format) : undefined,
    inferred: false,
  };
}

/**
 * The layout of rows like this one; undefined for an array whose cells nobody has named. A source that knows the names, such as a
 * database's, has them in a property `columns` when its first row is there.
 */
export function inferLayout(row: object, source?: unknown): Layout | undefined {
  const keys = Array.isArray(row) ? namesIn(source) : Object.keys(row);
  return keys && { keys, labels: keys, formats: undefined, inferred: true };
}

/** The names of the cells, from a source that knows them. */
export function namesIn(source: unknown): readonly string[] | undefined {
  const { columns } = (source ?? {}) as { columns?: unknown };
  const isNames = Array.isArray(columns) && columns.every((name) => typeof name === "string");
  return isNames ? columns : undefined;
}

function checkColumn(column: unknown): Column<never> & { key: string } {
  if (typeof column === "string") return { key: column as never }; // any string is a key of such rows
  const { key, label, format } = (column ?? {}) as Record<string, unknown>; // looked at below
  if (
    typeof key !== "string" ||
    (label !== undefined && typeof label !== "string") ||
    (format !== undefined && typeof format !== "function")
  ) {
    throw new MillraceError(
      "OPTION_INVALID",
      `A column is ${describe(column)}; it takes the name of a property, or { key, label?, format? }.`,
    );
  }
  checkOptionNames(column as object, ["key", "label", "format"], "A column");
  return column as Column<never> & { key: string }; // all of it was looked at
}
