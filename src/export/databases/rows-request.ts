import { checkMilliseconds, checkOptionNames } from "../../response/options.ts";
import { checkBatch, checkFlag } from "./database-rows.ts";
import type { PostgresRowsOptions } from "./postgres-rows.ts";

/** What `postgresRows` was asked for, checked. */
export interface RowsRequest {
  readonly sql: string;
  readonly params: readonly unknown[];
  readonly batch: number;
  readonly types: boolean;
  readonly readOnly: boolean;
  readonly statementTimeout: number | false | undefined;
}

/** A transaction of our own. */
export interface Begin {
  /** What is said behind BEGIN. */
  readonly mode: string;
  /** What is sent next; may be empty. */
  readonly settings: string;
}

/** @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function requestOf(
  sql: string,
  params: readonly unknown[],
  options: PostgresRowsOptions,
): RowsRequest {
  checkOptionNames(options, ["batch", "types", "readOnly", "statementTimeout"], "postgresRows");
  const { batch = 1000, types = false, readOnly = false, statementTimeout } = options;
  checkBatch(batch);
  checkFlag(types, "types");
  checkFlag(readOnly, "readOnly");
  checkMilliseconds(statementTimeout, "statementTimeout");
  return { sql, params, batch, types, readOnly, statementTimeout };
}

/** What begins the transaction that a request needs; undefined where it needs none. */
export function beginOf({ readOnly, statementTimeout }: RowsRequest): Begin | undefined {
  if (!readOnly && statementTimeout === undefined) return undefined;
  return {
    mode: readOnly ? "ISOLATION LEVEL REPEATABLE READ READ ONLY" : "",
    // 0 switches it off; whole milliseconds
    settings:
      statementTimeout === undefined
        ? ""
        : `SET LOCAL statement_timeout = ${Math.ceil(statementTimeout || 0)}`,
  };
}
