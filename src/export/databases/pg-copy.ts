import type { Feed } from "./feed.ts";
import { PgTap } from "./pg-tap.ts";
import type { CopyCount } from "./postgres-copy.ts";
import type { KnownClient } from "./postgres-client.ts";

const nothing = () => {};

/** COPY over `pg`, whose own parser hands over the message of each row; a reader beside it (pg-copy-streams) gains nothing. */
export function copyOverPg(
  { kind, pg }: Extract<KnownClient, { pg: unknown }>,
  text: string,
  feed: Feed<Uint8Array, Uint8Array>,
  count: CopyCount,
): PgTap {
  return new PgTap({
    source: pg,
    isPool: kind === "pool",
    query: (_, settle) => ({
      submit: (connection) => (connection.query(text), undefined),
      handleCopyData: ({ chunk }) => feed.add(chunk),
      handleCommandComplete(message) {
        const rows = /^COPY (\d+)/.exec(message.text)?.[1];
        if (rows !== undefined) count.rows = Number(rows);
      },
      handleReadyForQuery: () => settle(),
      handleError: settle,
      handleCopyInResponse: (connection) => connection.sendCopyFail("COPY FROM is no export"),
      // What else a statement could answer that was taken for a COPY.
      handleRowDescription: nothing,
      handleDataRow: nothing,
      handlePortalSuspended: nothing,
      handleEmptyQuery: nothing,
    }),
  });
}
