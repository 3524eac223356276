import { statSync } from "node:fs";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { fileURLToPath } from "node:url";

import { MillraceError } from "../../response/errors.ts";
import { checkOptionNames } from "../../response/options.ts";
import { Slice } from "../../response/slice.ts";
import { describe } from "../../response/source.ts";
import { checkBatch, checkSql, type ColumnNames } from "./database-rows.ts";
import { once } from "./feed.ts";
import type { DatabaseRow } from "./piles.ts";

/** Options of {@link sqliteRows}. */
export interface SqliteRowsOptions {
  /** Most rows in a batch; one ends sooner when it took 4 ms. Default 1000. */
  batch?: number | undefined;
}

/** Values for `?` in an array, for `:name`, `@name` and `$name` in an object. */
export type SqliteParameters = readonly SQLInputValue[] | Readonly<Record<string, SQLInputValue>>;

/** What a query of SQLite finds, in batches of rows; the cells of a row are in an array. */
export interface SqliteRows extends Iterable<readonly DatabaseRow[]> {
  /** The names of the columns; known when the first batch is there, and after the last when there was none. */
  readonly columns: readonly string[] | undefined;
}

/** How long a writer that has the whole file locked is waited for, in ms. The process stands still meanwhile. */
const BUSY = 500;

/**
 * What a query of SQLite finds, in batches of rows: each row an array of texts, numbers, bytes and null. Integers beyond 2^53 are
 * bigints.
 *
 * Each export reads over a connection of its own, which is opened on the first read, can only read, and is closed whatever happens.
 * In WAL mode it holds nobody up; in the other journal modes writers wait for it to end. `node:sqlite` works in the thread it is
 * called in: a query that computes for long between two rows holds up the process for as long.
 *
 * @throws MillraceError `FILE_NOT_FOUND`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `PEER_MISSING`
 * @example
 * csv(sqliteRows("shop.db", "SELECT id, total FROM orders WHERE shop = ?", [shop]), { filename: "orders.csv" });
 */
export function sqliteRows(
  path: string | URL,
  sql: string,
  params: SqliteParameters = [],
  options: SqliteRowsOptions = {},
): SqliteRows {
  const file = fileOf(path);
  checkSql(sql, "sqliteRows");
  if (typeof params !== "object" || params === null) {
    throw new MillraceError(
      "OPTION_INVALID",
      `The parameters of sqliteRows are ${describe(params)}; they are an array for ?, or an object of names.`,
    );
  }
  checkOptionNames(options, ["batch"], "sqliteRows");
  const { batch = 1000 } = options;
  checkBatch(batch);
  const open = opener();
  const names: ColumnNames = { columns: undefined };
  return {
    get columns() {
      return names.columns;
    },
    [Symbol.iterator]: once(
      "sqliteRows",
      read(() => open(file), sql, params, batch, names),
    ),
  };
}

function* read(
  open: () => DatabaseSync,
  sql: string,
  params: SqliteParameters,
  most: number,
  names: ColumnNames,
): Generator<readonly DatabaseRow[], void, void> {
  const database = open();
  try {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true); // as a number, one beyond 2^53 would be an error
    names.columns = statement.columns().map(({ name }) => name);
    const rows = Array.isArray(params)
      ? statement.iterate(...(params as readonly SQLInputValue[])) // isArray has dropped the type
      : statement.iterate(params as Record<string, SQLInputValue>); // what is no array
    const slice = new Slice();
    let batch: DatabaseRow[] = [];
    for (const row of rows) {
      batch.push(narrow(row as unknown as unknown[])); // setReturnArrays
      if (batch.length < most && !slice.isOver()) continue;
      yield batch;
      batch = [];
      slice.restart();
    }
    if (batch.length > 0) yield batch;
  } finally {
    database.close();
  }
}

/** Makes numbers of the integers that fit into one; in place. */
function narrow(row: unknown[]): DatabaseRow {
  for (let column = 0; column < row.length; column++) {
    const cell = row[column];
    if (typeof cell === "bigint" && -SAFE <= cell && cell <= SAFE) row[column] = Number(cell);
  }
  return row;
}
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function fileOf(path: string | URL): string {
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw new MillraceError(
      "OPTION_INVALID",
      `sqliteRows takes the path of a file, not ${describe(path)}.`,
    );
  }
  const file = path instanceof URL ? fileURLToPath(path) : path;
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
  throw new MillraceError("FILE_NOT_FOUND", `There is no file ${file} for sqliteRows to read.`);
}

/** Loaded when it is first needed: Node warns of it as experimental. */
function opener(): (file: string) => DatabaseSync {
  const sqlite = process.getBuiltinModule("node:sqlite");
  if (sqlite === undefined) {
    throw new MillraceError(
      "PEER_MISSING",
      "sqliteRows needs node:sqlite, which this runtime does not have.",
    );
  }
  return (file) => new sqlite.DatabaseSync(file, { readOnly: true, timeout: BUSY });
}
