import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import { layoutOf, type Columns, type Layout } from "../columns.ts";

/** How a CSV file is written. */
export interface CsvFormat<Row = Record<string, unknown>> {
  /**
   * The columns and their order. Default: the keys of the first row, and then a row with another key is an error; with
   * `columns`, keys that are not listed are left out.
   */
  columns?: Columns<Row> | undefined;
  /** Whether the first record holds the names of the columns. Default: yes if they have names, which arrays alone have not. */
  header?: boolean | undefined;
  /** What stands between two fields, one ASCII character: `";"`, `"\t"`. Default `","`. */
  delimiter?: string | undefined;
  /** What ends a record. Default `"\r\n"` (RFC 4180 2). */
  lineEnd?: "\r\n" | "\n" | undefined;
  /** For a file that is opened in a spreadsheet: `bom: true` and `formulas: "escape"` unless they are given. Default false. */
  excel?: boolean | undefined;
  /** Whether the file begins with U+FEFF, by which spreadsheets see that it is UTF-8. Default: as `excel`. */
  bom?: boolean | undefined;
  /**
   * What to do with text that a spreadsheet would run as a formula: text or a name of a column that begins with `=`, `+`, `-`, `@`,
   * a tab or a line break. `"escape"` puts `'` in front, which changes the data; `"reject"` ends the export with an error. Numbers
   * are never touched. Default `"keep"`; with `excel`, `"escape"`.
   */
  formulas?: "keep" | "escape" | "reject" | undefined;
  /** What stands for null and undefined. Text that reads the same is quoted. Default `""`. */
  nulls?: string | undefined;
  /** Whether empty text is written as `""`, so that PostgreSQL's COPY can tell it from null. Default false. */
  quoteEmpty?: boolean | undefined;
  /** The decimal separator of numbers. Default `"."`. */
  decimal?: "." | "," | undefined;
  /** Whether the first line tells Excel the delimiter (`sep=;`). It excludes `bom`, and other readers take it for a record. Default false. */
  separatorLine?: boolean | undefined;
  /** What to do with an array that has fewer cells than there are columns. `"pad"` fills it up with nulls. Default `"error"`. */
  ragged?: "error" | "pad" | undefined;
}

export const csvFormatNames: readonly string[] = [
  ...["columns", "header", "delimiter", "lineEnd", "excel", "bom", "formulas", "nulls"],
  ...["quoteEmpty", "decimal", "separatorLine", "ragged"],
];

/** A format whose values are checked and whose defaults are known. */
export interface Dialect {
  readonly layout: Layout | undefined;
  readonly header: boolean | undefined;
  readonly delimiter: string;
  readonly lineEnd: string;
  readonly bom: boolean;
  readonly formulas: "keep" | "escape" | "reject";
  readonly nulls: string;
  readonly quoteEmpty: boolean;
  readonly decimal: "." | ",";
  readonly separatorLine: boolean;
  readonly ragged: "error" | "pad";
}

/** A tab or a printable ASCII character of which no number, date, boolean or bytes are made. */
const delimiters = /^(?![\w"+\-.:\\])[\t -~]$/;

/**
 * Checks a format and fills in its defaults.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function dialectOf<Row>(format: CsvFormat<Row>): Dialect {
  const { columns, excel = false, delimiter = ",", nulls = "", decimal = "." } = format;
  const { bom = excel, formulas = excel ? "escape" : "keep", separatorLine = false } = format;
  const { header, lineEnd = "\r\n", quoteEmpty = false, ragged = "error" } = format;
  for (const [name, value] of Object.entries({ header, excel, bom, quoteEmpty, separatorLine })) {
    if (value !== undefined) check(name, value, typeof value === "boolean", "true or false");
  }
  check("lineEnd", lineEnd, /^\r?\n$/.test(lineEnd), String.raw`"\r\n" or "\n"`);
  check(
    "formulas",
    formulas,
    /^(?:keep|escape|reject)$/.test(formulas),
    `"keep", "escape" or "reject"`,
  );
  check("ragged", ragged, /^(?:error|pad)$/.test(ragged), `"error" or "pad"`);
  check("decimal", decimal, /^[.,]$/.test(decimal), `"." or ","`);
  check(
    "delimiter",
    delimiter,
    delimiters.test(delimiter) && delimiter !== decimal,
    'one ASCII character that is no letter, no digit, not the decimal separator and none of " + - . : _ \\',
  );
  check(
    "nulls",
    nulls,
    typeof nulls === "string" && !/["\r\n]/.test(nulls) && !nulls.includes(delimiter),
    "text without quotes, line breaks and the delimiter",
  );
  if (separatorLine && bom) {
    throw new MillraceError(
      "OPTION_INVALID",
      "separatorLine and bom exclude each other: Excel does not look for the line behind a BOM. Choose one; `excel` sets bom.",
    );
  }
  const layout = columns === undefined ? undefined : layoutOf(columns);
  return {
    ...{ layout, header, delimiter, lineEnd, bom, formulas },
    ...{ nulls, quoteEmpty, decimal, separatorLine, ragged },
  };
}

function check(option: string, value: unknown, valid: boolean, takes: string): void {
  if (valid) return;
  throw new MillraceError("OPTION_INVALID", `${option} is ${describe(value)}; it takes ${takes}.`);
}
