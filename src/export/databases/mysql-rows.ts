import { MillraceError } from "../../response/errors.ts";
import { checkOptionNames } from "../../response/options.ts";
import { describe } from "../../response/source.ts";
import {
  checkBatch,
  checkFlag,
  checkSql,
  type ColumnNames,
  type DatabaseRows,
} from "./database-rows.ts";
import { Feed, once } from "./feed.ts";
import { MysqlTap } from "./mysql-tap.ts";
import { RowPile } from "./piles.ts";

/** A pool or a connection of `mysql2` or `mysql2/promise`. */
export interface MysqlClient {
  escapeId(name: string): string;
  query: unknown;
}

/** Options of {@link mysqlRows}. */
export interface MysqlRowsOptions {
  /** Most rows in a batch. Default 1000. */
  batch?: number | undefined;
  /** Whether dates and JSON are parsed, as mysql2 does it. Default false: they are the server's text, exact. */
  types?: boolean | undefined;
}

/**
 * What a query of MySQL or MariaDB finds, in batches of rows: each row an array of texts, numbers, bytes and null. Integers beyond 2^53,
 * decimals, dates and JSON are texts.
 *
 * The query runs on the first read, on a connection from the pool, and is held back through the socket when the reader stalls. When
 * the reader leaves, it is killed on the server and the connection given back. Parameters are what `query()` of mysql2 takes.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`; when it is read `PEER_MISSING`
 * @example
 * csv(mysqlRows(pool, "SELECT id, total FROM orders WHERE shop = ?", [shop]), { filename: "orders.csv" });
 */
export function mysqlRows(
  client: MysqlClient,
  sql: string,
  params: readonly unknown[] | Readonly<Record<string, unknown>> = [],
  options: MysqlRowsOptions = {},
): DatabaseRows {
  checkClient(client);
  checkSql(sql, "mysqlRows");
  if (typeof params !== "object" || params === null) {
    throw new MillraceError(
      "OPTION_INVALID",
      `The parameters of mysqlRows are ${describe(params)}; they are an array for ?, or an object with namedPlaceholders.`,
    );
  }
  checkOptionNames(options, ["batch", "types"], "mysqlRows");
  const { batch = 1000, types = false } = options;
  checkBatch(batch);
  checkFlag(types, "types");
  const feed = new Feed(new RowPile(batch));
  const names: ColumnNames = { columns: undefined };
  feed.connect(new MysqlTap(client, { sql, values: params, types }, feed, names));
  return {
    get columns() {
      return names.columns;
    },
    [Symbol.asyncIterator]: once("mysqlRows", feed),
  };
}

function checkClient(client: unknown): void {
  const { escapeId, query } = (client ?? {}) as Partial<MysqlClient>;
  if (typeof escapeId === "function" && typeof query === "function") return;
  throw new MillraceError(
    "OPTION_INVALID",
    `The client of mysqlRows is ${describe(client)}; it takes a pool or a connection of mysql2 or mysql2/promise.`,
  );
}
