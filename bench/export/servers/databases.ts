import { csv, mysqlRows, postgresCopy, postgresRows, sqliteRows } from "millrace/export";
import { serve } from "millrace/node";
import mysql from "mysql2";
import { Pool } from "pg";
import postgres from "postgres";

import { announce } from "../../servers/control.ts";
import { mysqlUrl, postgresUrl } from "../database-tables.ts";

const pool = new Pool({ connectionString: postgresUrl });
const sql = postgres(postgresUrl);
const mysqlPool = mysql.createPool(mysqlUrl);

/** By path; the file is that of SQLite. */
const exports: Readonly<Record<string, (query: string, file: string) => Response>> = {
  "/copy/pg": (query) => csv(postgresCopy(pool, query)),
  "/copy/postgres": (query) => csv(postgresCopy(sql, query)),
  "/rows/pg": (query) => csv(postgresRows(pool, query)),
  "/rows/postgres": (query) => csv(postgresRows(sql, query)),
  "/rows/sqlite": (query, file) => csv(sqliteRows(file, query)),
  "/rows/mysql": (query) => csv(mysqlRows(mysqlPool, query)),
};

const server = await serve(
  (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const answer = exports[pathname];
    const query = searchParams.get("query") ?? "";
    return answer?.(query, searchParams.get("file") ?? "") ?? new Response(null, { status: 404 });
  },
  { port: 0 },
);
announce(server.port);
