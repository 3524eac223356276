import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import { layoutOf, type Columns, type Layout } from "../columns.ts";

/** How an Excel workbook is written. */
export interface XlsxFormat<Row = Record<string, unknown>> {
  /**
   * The columns and their order. Default: the keys of the first row, and then a row with another key is an error; with
   * `columns`, keys that are not listed are left out.
   */
  columns?: Columns<Row> | undefined;
  /**
   * Whether the first row holds the names of the columns, bold and always in view. Default: yes if they have names, which arrays
   * alone have not.
   */
  header?: boolean | undefined;
  /** Name of the sheet, up to 31 characters; those that follow it are numbered. Default `"Sheet1"`. */
  sheet?: string | undefined;
  /** Widths of columns by their key, in characters, up to 255. Default: by the label and the first row, 8 to 60. */
  widths?: Readonly<Record<string, number>> | undefined;
  /** Whether the header has the buttons of a filter. Default false. */
  autoFilter?: boolean | undefined;
  /** How many rows a sheet holds, with its header, before the next one begins. Default 1,048,576, the most there can be. */
  rowsPerSheet?: number | undefined;
  /** How hard to compress, 1 (fast) to 9 (small). Default 1. */
  level?: number | undefined;
}

export const xlsxFormatNames: readonly string[] = [
  ...["columns", "header", "sheet", "widths", "autoFilter", "rowsPerSheet", "level"],
];

/** A format whose values are checked and whose defaults are known. */
export interface XlsxPlan {
  readonly layout: Layout | undefined;
  readonly header: boolean | undefined;
  readonly sheet: string;
  readonly widths: Readonly<Record<string, number>>;
  readonly autoFilter: boolean;
  readonly rowsPerSheet: number;
  readonly level: number;
}

/** Rows and columns of a sheet (Excel specifications and limits). */
const MOST_ROWS = 1_048_576;
export const MOST_COLUMNS = 16_384;

/**
 * Checks a format and fills in its defaults.
 *
 * @throws MillraceError `OPTION_INVALID`
 */
export function planXlsx(format: XlsxFormat<never>): XlsxPlan {
  const { columns, header, sheet = "Sheet1", widths = {}, autoFilter = false } = format;
  const { rowsPerSheet = MOST_ROWS, level = 1 } = format;
  const layout = columns === undefined ? undefined : layoutOf(columns);
  const isBoolean = (value: unknown) => value === undefined || typeof value === "boolean";
  check("header", header, isBoolean(header), "true or false");
  check("autoFilter", autoFilter, isBoolean(autoFilter), "true or false");
  check("sheet", sheet, isSheetName(sheet), SHEET_NAMES);
  check("rowsPerSheet", rowsPerSheet, isWithin(rowsPerSheet, 2, MOST_ROWS), `2 to ${MOST_ROWS}`);
  check("level", level, isWithin(level, 1, 9), "an integer from 1 to 9");
  if (typeof widths !== "object" || widths === null) check("widths", widths, false, "an object");
  for (const [key, width] of Object.entries(widths)) {
    check(`widths.${key}`, width, width > 0 && width <= 255, "a number above 0 and up to 255");
    if (layout !== undefined) checkKey(key, layout);
  }
  if (layout !== undefined && layout.keys.length > MOST_COLUMNS) {
    throw new MillraceError("OPTION_INVALID", `A sheet holds ${MOST_COLUMNS} columns.`);
  }
  if (autoFilter && header === false) {
    throw new MillraceError(
      "OPTION_INVALID",
      "autoFilter needs the header, whose cells get the buttons. Leave one of the two out.",
    );
  }
  return { layout, header, sheet, widths, autoFilter, rowsPerSheet, level };
}

/** The name of the sheet with this number, from 1: `Sheet1`, `Sheet2`; `Orders`, `Orders (2)`. */
export function sheetName(first: string, number: number): string {
  if (number === 1) return first;
  if (first === "Sheet1") return `Sheet${number}`;
  const suffix = ` (${number})`;
  return first.slice(0, LONGEST_NAME - suffix.length).toWellFormed() + suffix;
}

const LONGEST_NAME = 31;
const SHEET_NAMES = String.raw`a name of up to ${LONGEST_NAME} characters without : \ / ? * [ ] and without ' at either end, but "History"`;

function isSheetName(name: unknown): boolean {
  return (
    typeof name === "string" &&
    name.length <= LONGEST_NAME &&
    name.isWellFormed() &&
    // oxlint-disable-next-line no-control-regex -- they are what is forbidden
    /^(?!'|history$)[^\u0000-\u001f\u007f:\\/?*[\]\ufffe\uffff]+(?<!')$/i.test(name)
  );
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most; // it is an integer
}

function checkKey(key: string, { keys }: Layout): void {
  if (keys.includes(key)) return;
  throw new MillraceError("OPTION_INVALID", `widths has "${key}", which is no column.`);
}

function check(option: string, value: unknown, valid: boolean, takes: string): void {
  if (valid) return;
  throw new MillraceError("OPTION_INVALID", `${option} is ${describe(value)}; it takes ${takes}.`);
}
