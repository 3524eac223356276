import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import type { DatabaseRow } from "./piles.ts";

/** What a query finds, in batches of rows; the cells of a row are in an array. */
export interface DatabaseRows extends AsyncIterable<readonly DatabaseRow[]> {
  /** The names of the columns; known when the first batch is there, and after the last when there was none. */
  readonly columns: readonly string[] | undefined;
}

/** Where the names of the columns are put. */
export interface ColumnNames {
  columns: readonly string[] | undefined;
}

/** @throws MillraceError `OPTION_INVALID` */
export function checkSql(sql: unknown, where: string): void {
  if (typeof sql === "string" && sql.trim() !== "") return;
  throw new MillraceError("OPTION_INVALID", `${where} takes SQL as text, not ${describe(sql)}.`);
}

/** @throws MillraceError `OPTION_INVALID` */
export function checkBatch(batch: unknown): void {
  if (typeof batch === "number" && Number.isInteger(batch) && batch >= 1 && batch <= 100_000)
    return;
  throw new MillraceError(
    "OPTION_INVALID",
    `batch is ${String(batch)}; it takes a number of rows from 1 to 100000.`,
  );
}

/** @throws MillraceError `OPTION_INVALID` */
export function checkFlag(value: unknown, option: string): void {
  if (typeof value === "boolean") return;
  throw new MillraceError(
    "OPTION_INVALID",
    `${option} is ${describe(value)}; it takes true or false.`,
  );
}
