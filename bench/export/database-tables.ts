import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { csvChunks } from "millrace/export";

import { columns, orders } from "./rows.ts";

export const postgresUrl: string =
  process.env["MILLRACE_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test";
export const mysqlUrl: string = process.env["MILLRACE_MYSQL"] ?? "mysql://root@127.0.0.1:3306/test";

/** What is exported, in every database. */
export interface Tables {
  readonly query: string;
  readonly sqliteFile: string;
  /** Where programs may write. */
  readonly folder: string;
  drop(): Promise<void>;
}

const run = promisify(execFile);
export const psql = (command: string): Promise<unknown> =>
  run("psql", [postgresUrl, "-qc", command]);

/** Runs a statement in the client of MariaDB; what it prints goes to `output`. */
export async function mariadb(statement: string, output = "/dev/null"): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(mysqlUrl);
  const flags = ["--batch", "--quick", "--local-infile=1", `--host=${hostname}`, `--port=${port}`];
  const args = [
    ...flags,
    `--user=${username}`,
    `--password=${password}`,
    pathname.slice(1),
    "-e",
    statement,
  ];
  await run("sh", ["-c", `mariadb "$@" > '${output}'`, "mariadb", ...args]);
}

/** Puts the same orders into PostgreSQL, MariaDB and SQLite. */
export async function createTables(count: number): Promise<Tables> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  const name = `millrace_bench_${process.pid}`;
  const sqliteFile = join(folder, "orders.db");
  const drop = async () => {
    await rm(folder, { recursive: true, force: true });
    await psql(`DROP TABLE IF EXISTS ${name}`);
    await mariadb(`DROP TABLE IF EXISTS ${name}`);
  };
  try {
    const file = join(folder, "orders.csv");
    await pipeline(csvChunks(orders(count), { columns }), createWriteStream(file));
    await fillPostgres(name, file);
    await fillMariadb(name, file);
    fillSqlite(name, sqliteFile, count);
    await rm(file);
  } catch (error) {
    await drop();
    throw error;
  }
  return { query: `SELECT ${columns.join(", ")} FROM ${name}`, sqliteFile, folder, drop };
}

async function fillPostgres(name: string, file: string): Promise<void> {
  await psql(
    `CREATE UNLOGGED TABLE ${name} (id int, uuid uuid, name text, email text, amount numeric(10, 2), shipped boolean,
      created timestamptz, note text)`,
  );
  await psql(`\\copy ${name} FROM '${file}' WITH (FORMAT csv, HEADER)`);
  await psql(`VACUUM ANALYZE ${name}`);
}

async function fillMariadb(name: string, file: string): Promise<void> {
  await mariadb(
    `CREATE TABLE ${name} (id INT, uuid CHAR(36), name VARCHAR(80), email VARCHAR(80), amount DECIMAL(10, 2), shipped BOOLEAN,
      created DATETIME(3), note TEXT) CHARACTER SET utf8mb4;
     LOAD DATA LOCAL INFILE '${file}' INTO TABLE ${name} CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"'
      LINES TERMINATED BY '\\r\\n' IGNORE 1 LINES (id, uuid, name, email, amount, @shipped, @created, note)
      SET shipped = @shipped = 'true', created = REPLACE(REPLACE(@created, 'T', ' '), 'Z', '')`,
  );
}

function fillSqlite(name: string, file: string, count: number): void {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = wal; CREATE TABLE ${name} (${columns.join(", ")}); BEGIN`);
  const insert = database.prepare(`INSERT INTO ${name} VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  for (const { id, uuid, name: who, email, amount, shipped, created, note } of orders(count)) {
    insert.run(id, uuid, who, email, amount, Number(shipped), created, note);
  }
  database.exec("COMMIT");
  database.close();
}
