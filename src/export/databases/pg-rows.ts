import type { ColumnNames } from "./database-rows.ts";
import type { Feed } from "./feed.ts";
import { PgTap } from "./pg-tap.ts";
import type { PgQuery, PgSession } from "./pg-wire.ts";
import type { DatabaseRow } from "./piles.ts";
import type { KnownClient } from "./postgres-client.ts";
import { beginOf, type RowsRequest } from "./rows-request.ts";

/**
 * Rows over `pg`, stopped through the socket and not by a cursor: one would cost a round trip per batch, and the server runs a query
 * that is fetched in parts without parallel workers (PostgreSQL 15.2).
 */
export function rowsOverPg(
  { kind, pg }: Extract<KnownClient, { pg: unknown }>,
  request: RowsRequest,
  feed: Feed<DatabaseRow, readonly DatabaseRow[]>,
  names: ColumnNames,
): PgTap {
  const begin = beginOf(request);
  return new PgTap({
    source: pg,
    isPool: kind === "pool",
    begin: begin && `BEGIN ${begin.mode}; ${begin.settings}`,
    query: (client, settle) => createQuery(client, settle, request, feed, names),
  });
}

type Parser = (value: string) => unknown;

function createQuery(
  client: PgSession,
  settle: (error?: unknown) => void,
  { sql, params, types }: RowsRequest,
  feed: Feed<DatabaseRow, readonly DatabaseRow[]>,
  names: ColumnNames,
): PgQuery {
  let parsers: readonly Parser[] = [];
  // The `Query` of the caller's own `pg`, a static of every Client, knows how values become parameters.
  const { Query } = client.constructor as unknown as PgClientClass;
  const query = new Query({ text: sql, values: params, queryMode: "extended" }, undefined, settle);
  return {
    submit: (connection) => query.submit(connection),
    handleRowDescription({ fields }) {
      names.columns = fields.map(({ name }) => name);
      if (!types) return;
      parsers = fields.map(({ dataTypeID, format }) => client.getTypeParser(dataTypeID, format));
    },
    handleDataRow({ fields }) {
      feed.add(types ? fields.map((cell, index) => parse(cell, parsers[index])) : fields);
    },
    handleReadyForQuery: () => settle(),
    handleError: settle,
    handleCommandComplete: nothing,
    handleEmptyQuery: nothing,
    handlePortalSuspended: nothing,
    handleCopyInResponse: (connection) => connection.sendCopyFail("COPY FROM has no rows"),
    handleCopyData: nothing,
  };
}

function parse(cell: string | null, parser: Parser | undefined): unknown {
  return cell === null || parser === undefined ? cell : parser(cell);
}

const nothing = () => {};

interface PgClientClass {
  readonly Query: new (
    config: object,
    values: undefined,
    callback: (error?: unknown) => void,
  ) => PgQuery;
}
