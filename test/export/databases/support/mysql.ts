import { mysqlRows } from "millrace/export";
import mysql from "mysql2";
import promised from "mysql2/promise";

import { notHere } from "../../../support/required.ts";
import { answers } from "./postgres.ts";
import { countListeners, type Database, type Road } from "./road.ts";

export const url: string = process.env["MILLRACE_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test";

/** Why tests that need MariaDB or MySQL are skipped. */
export const skip: string | false = (await answers(url)) ? false : notHere("MariaDB");

/** Runs one statement over a connection of its own. */
export async function ask<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
  const connection = await promised.createConnection(url);
  try {
    const [rows] = await connection.query(sql, values);
    return rows as Row[]; // as the caller has asked
  } finally {
    await connection.end();
  }
}

const others =
  "FROM information_schema.processlist WHERE INSTR(info, ?) AND id <> CONNECTION_ID() AND command = 'Query'";

export const database: Database = {
  slow: (tag) => `SELECT SLEEP(30) AS slept /* ${tag} */`,
  endless: (tag) =>
    `SELECT seq AS id, REPEAT('x', 100) AS text FROM seq_1_to_1000000000 /* ${tag} */`,
  ending: (tag) => `SELECT REPEAT('x', 100000) AS text UNION ALL SELECT SLEEP(0.1) /* ${tag} */`,
  failing: (tag) =>
    `SELECT seq AS id, (SELECT s.seq FROM seq_1_to_2 s WHERE q.seq >= 5000 OR s.seq = 1) AS x
     FROM seq_1_to_100000 q /* ${tag} */`,
  async running(tag) {
    const [row] = await ask<{ n: number }>(`SELECT COUNT(*) AS n ${others}`, [tag]);
    return row?.n ?? NaN;
  },
  async held(tag) {
    const [row] = await ask<{ state: string }>(`SELECT state ${others}`, [tag]);
    return row?.state === "Writing to net";
  },
  async terminate(tag) {
    for (const { id } of await ask<{ id: number }>(`SELECT id ${others}`, [tag])) {
      await ask(`KILL ${id}`);
    }
  },
};

const idOf = "SELECT CONNECTION_ID() AS id";
interface Id {
  readonly id: number;
}

const poolRoad = (name: string, flavour: "callback" | "promise"): Road => ({
  name,
  database,
  async open() {
    const pool = mysql.createPool({ uri: url, connectionLimit: 1 });
    const promise = pool.promise();
    const client = flavour === "callback" ? pool : promise;
    return {
      source: (sql) => mysqlRows(client, sql),
      async connection() {
        const [rows] = await promise.query(idOf);
        return (rows as Id[])[0]?.id ?? NaN; // one row was asked for
      },
      async listeners() {
        const { connection } = await promise.getConnection();
        const core = connection as unknown as mysql.Connection & { stream: NodeJS.EventEmitter };
        const count = countListeners(pool, core, core.stream);
        (connection as unknown as mysql.PoolConnection).release();
        return count;
      },
      async takeConnection() {
        const connection = await promise.getConnection();
        return () => connection.release();
      },
      reconnects: true,
      [Symbol.asyncDispose]: () => promise.end(),
    };
  },
});

const connectionRoad = (name: string, flavour: "callback" | "promise"): Road => ({
  name,
  database,
  async open() {
    const core = mysql.createConnection(url);
    const { stream } = core as unknown as { stream: NodeJS.EventEmitter }; // its types leave it out
    const promise = core.promise();
    await promise.connect();
    const client = flavour === "callback" ? core : promise;
    return {
      source: (sql) => mysqlRows(client, sql),
      async connection() {
        const [rows] = await promise.query(idOf);
        return (rows as Id[])[0]?.id ?? NaN; // one row was asked for
      },
      listeners: async () => countListeners(core, stream),
      reconnects: false,
      [Symbol.asyncDispose]: async () => core.destroy(),
    };
  },
});

export const roads: readonly Road[] = [
  poolRoad("mysqlRows over a pool", "callback"),
  poolRoad("mysqlRows over a pool of promises", "promise"),
  connectionRoad("mysqlRows over a connection", "callback"),
  connectionRoad("mysqlRows over a connection of promises", "promise"),
];
