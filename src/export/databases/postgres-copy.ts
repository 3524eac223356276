import { encodedAs, type EncodedStream } from "../encoded.ts";
import { statementOf } from "./copy-statement.ts";
import { copyOverPg } from "./pg-copy.ts";
import { Feed, once } from "./feed.ts";
import { BytePile } from "./piles.ts";
import { recognize, type PostgresClient } from "./postgres-client.ts";
import { copyOverSql } from "./postgres-js-copy.ts";

/** Options of {@link postgresCopy}, for a SELECT; a COPY statement says all of it itself. */
export interface PostgresCopyOptions {
  /** Whether the first line has the names of the columns. Default true. */
  header?: boolean | undefined;
  /** One ASCII character between cells. Default `,`. */
  delimiter?: string | undefined;
  /** What stands for NULL, unquoted. Default nothing; an empty text is `""`. */
  null?: string | undefined;
  /** Whether every cell but NULL is quoted, or the names of the columns whose cells are. Default false: those that need it. */
  quoteAll?: boolean | readonly string[] | undefined;
}

/** How many rows a COPY has sent, once the server has said so. */
export interface CopyCount {
  rows: number | undefined;
}

/**
 * What a query of PostgreSQL finds as CSV that the server itself writes: nothing is parsed or encoded here, which is the fastest
 * road there is. Give it to `csv()`.
 *
 * `sql` is a query, or a whole `COPY … TO STDOUT WITH (FORMAT csv …)`. COPY takes no parameters: what comes from a visitor has
 * to be escaped (`escapeLiteral` of `pg`), or use {@link postgresRows}. Lines end in LF, as PostgreSQL writes them, and booleans are
 * `t` and `f`.
 *
 * The query runs on the first read, on a connection from the pool; when the reader leaves, it is cancelled on the server and the
 * connection given back. A reader that stalls stops the server through the socket.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * csv(postgresCopy(pool, "SELECT id, total FROM orders"), { filename: "orders.csv" });
 */
export function postgresCopy(
  client: PostgresClient,
  sql: string,
  options: PostgresCopyOptions = {},
): EncodedStream {
  const known = recognize(client, "postgresCopy");
  const { text, header } = statementOf(sql, options);
  const pile = new BytePile();
  const feed = new Feed(pile);
  const count: CopyCount = { rows: undefined };
  feed.connect(
    "sql" in known ? copyOverSql(known, text, feed, count) : copyOverPg(known, text, feed, count),
  );
  return {
    [encodedAs]: "csv",
    get rows() {
      // Until then: there is one message for each row (protocol 55.2.6), and one for the header.
      return count.rows ?? Math.max(pile.added - Number(header), 0);
    },
    [Symbol.asyncIterator]: once("postgresCopy", feed),
  };
}
