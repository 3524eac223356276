import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";
import { checkSql, type ColumnNames, type DatabaseRows } from "./database-rows.ts";
import { Feed, once } from "./feed.ts";
import { rowsOverPg } from "./pg-rows.ts";
import { RowPile } from "./piles.ts";
import { recognize, type PostgresClient } from "./postgres-client.ts";
import { rowsOverSql } from "./postgres-js-rows.ts";
import { beginOf, requestOf } from "./rows-request.ts";

/** Options of {@link postgresRows}. */
export interface PostgresRowsOptions {
  /** Most rows in a batch; `postgres` asks the server for so many at a time. Default 1000; fewer for rows of many KiB. */
  batch?: number | undefined;
  /** Whether cells are parsed, as the driver does it (dates, numbers, JSON). Default false: they are the server's text, exact. */
  types?: boolean | undefined;
  /** Whether to run in a transaction of its own that is read-only and sees one state of the data (REPEATABLE READ). Default false. */
  readOnly?: boolean | undefined;
  /** Longest time in ms for the query, a slow reader's time included. Default: what the server says; `false` for none. */
  statementTimeout?: number | false | undefined;
}

/**
 * What a query of PostgreSQL finds, with parameters, in batches of rows: each row an array of texts as the server writes them, null
 * for NULL.
 *
 * The query runs on the first read, on a connection from the pool, and is held back when the reader stalls. When the reader leaves,
 * it is cancelled on the server and the connection given back.
 *
 * `readOnly` and `statementTimeout` need a transaction and so a pool; on a connection of your own, begin it yourself.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * csv(postgresRows(pool, "SELECT id, total FROM orders WHERE shop = $1", [shop]), { filename: "orders.csv" });
 */
export function postgresRows(
  client: PostgresClient,
  sql: string,
  params: readonly unknown[] = [],
  options: PostgresRowsOptions = {},
): DatabaseRows {
  const known = recognize(client, "postgresRows");
  checkSql(sql, "postgresRows");
  if (!Array.isArray(params)) {
    throw new MillraceError(
      "OPTION_INVALID",
      `The parameters of postgresRows are ${describe(params)}; they are an array, for $1, $2, …`,
    );
  }
  const request = requestOf(sql, params, options);
  const needs = request.readOnly ? "readOnly" : "statementTimeout";
  if (beginOf(request) !== undefined && known.kind !== "pool" && known.kind !== "sql") {
    throw new MillraceError(
      "OPTION_INVALID",
      `${needs} needs a transaction of its own, and so a pool. On a connection of your own, begin the transaction before.`,
    );
  }
  const feed = new Feed(new RowPile(request.batch));
  const names: ColumnNames = { columns: undefined };
  feed.connect(
    "sql" in known
      ? rowsOverSql(known, request, feed, names)
      : rowsOverPg(known, request, feed, names),
  );
  return {
    get columns() {
      return names.columns;
    },
    [Symbol.asyncIterator]: once("postgresRows", feed),
  };
}
