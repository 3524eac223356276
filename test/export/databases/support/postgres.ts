import { once } from "node:events";
import { connect } from "node:net";

import { postgresCopy, postgresRows, type PostgresRowsOptions } from "millrace/export";
import { Client, Pool, type QueryResultRow } from "pg";
import postgres from "postgres";

import { notHere } from "../../../support/required.ts";
import { countListeners, type Database, type Road, type RoadClient } from "./road.ts";

export const url: string =
  process.env["MILLRACE_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test";

/** Why tests that need PostgreSQL are skipped. */
export const skip: string | false = (await answers(url)) ? false : notHere("PostgreSQL");

/** Whether something listens where a URL points to. */
export async function answers(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Runs one statement over a connection of its own. */
export async function ask<Row extends QueryResultRow>(
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

const others = "FROM pg_stat_activity WHERE strpos(query, $1) > 0 AND pid <> pg_backend_pid()";

export const database: Database = {
  slow: (tag) => `SELECT pg_sleep(30) /* ${tag} */`,
  endless: (tag) =>
    `SELECT generate_series(1, 1000000000) AS id, repeat('x', 100) AS text /* ${tag} */`,
  ending: (tag) =>
    `SELECT repeat('x', 100000) AS text UNION ALL SELECT pg_sleep(0.1)::text /* ${tag} */`,
  failing: (tag) =>
    `SELECT id, 1 / (5000 - id) AS x FROM (SELECT generate_series(1, 100000) AS id) s /* ${tag} */`,
  async running(tag) {
    const [row] = await ask<{ n: number }>(
      `SELECT count(*)::int AS n ${others} AND state = 'active'`,
      [tag],
    );
    return row?.n ?? NaN;
  },
  async held(tag) {
    const [row] = await ask<{ event: string }>(`SELECT wait_event AS event ${others}`, [tag]);
    return row?.event === "ClientWrite" || row?.event === "ClientRead"; // the socket is full, or a portal is suspended
  },
  async terminate(tag) {
    await ask(`SELECT pg_terminate_backend(pid) ${others}`, [tag]);
  },
};

type Source = (
  client: Pool | Client | postgres.Sql,
) => (sql: string) => ReturnType<RoadClient["source"]>;
const copies: Source = (client) => (sql) => postgresCopy(client, sql);
const rows =
  (options: PostgresRowsOptions = {}): Source =>
  (client) =>
  (sql) =>
    postgresRows(client, sql, [], options);

const pidOf = "SELECT pg_backend_pid() AS pid";

function overPool(name: string, source: Source): Road {
  return {
    name,
    database,
    async open() {
      const pool = new Pool({ connectionString: url, max: 1 });
      pool.on("error", () => {}); // as its documentation asks for
      return {
        source: source(pool),
        connection: async () => (await pool.query<{ pid: number }>(pidOf)).rows[0]?.pid ?? NaN,
        async listeners() {
          const client = await pool.connect();
          const { connection } = client;
          const count = countListeners(pool, client, connection, connection.stream);
          client.release();
          return count;
        },
        async takeConnection() {
          const client = await pool.connect();
          return () => client.release();
        },
        reconnects: true,
        [Symbol.asyncDispose]: () => pool.end(),
      };
    },
  };
}

function overClient(name: string, source: Source): Road {
  return {
    name,
    database,
    async open() {
      const client = new Client(url);
      await client.connect();
      const { connection } = client;
      return {
        source: source(client),
        connection: async () => (await client.query<{ pid: number }>(pidOf)).rows[0]?.pid ?? NaN,
        listeners: async () => countListeners(client, connection, connection.stream),
        reconnects: false,
        [Symbol.asyncDispose]: () => client.end(),
      };
    },
  };
}

function overSql(name: string, source: Source, options: postgres.Options<{}> = {}): Road {
  return {
    name,
    database,
    async open() {
      const sql = postgres(url, { max: 1, ...options });
      return {
        source: source(sql),
        connection: async () => (await sql.unsafe<{ pid: number }[]>(pidOf))[0]?.pid ?? NaN,
        listeners: async () => NaN,
        takeConnection: () =>
          new Promise<() => void>((taken) => {
            void sql.begin(() => new Promise<void>((release) => taken(release)));
          }),
        reconnects: true,
        [Symbol.asyncDispose]: () => sql.end(),
      };
    },
  };
}

const transaction = { readOnly: true, statementTimeout: 60_000 };

export const pgCopyRoads: readonly Road[] = [
  overPool("postgresCopy over a pool of pg", copies),
  overClient("postgresCopy over a client of pg", copies),
];

export const sqlCopyRoads: readonly Road[] = [
  overSql("postgresCopy over postgres", copies),
  overSql("postgresCopy over postgres without types", copies, { fetch_types: false }),
];

export const pgRowRoads: readonly Road[] = [
  overPool("postgresRows over a pool of pg", rows()),
  overPool("postgresRows over a pool of pg, in a transaction", rows(transaction)),
  overClient("postgresRows over a client of pg", rows()),
];

export const sqlRowRoads: readonly Road[] = [
  overSql("postgresRows over postgres", rows()),
  overSql("postgresRows over postgres, in a transaction", rows(transaction)),
];
