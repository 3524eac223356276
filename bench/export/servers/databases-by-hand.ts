import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { Pool, type Submittable } from "pg";
// @ts-expect-error -- it brings no types
import { to } from "pg-copy-streams";
import postgres from "postgres";

import { announce } from "../../servers/control.ts";
import { postgresUrl } from "../database-tables.ts";

const copyTo: (statement: string) => Readable & Submittable = to;
const pool = new Pool({ connectionString: postgresUrl });

// What the documentation of each driver shows.
const server = createServer(async (req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
  const copy = `COPY (${searchParams.get("query")}) TO STDOUT WITH (FORMAT csv, HEADER)`;
  res.setHeader("content-type", "text/csv; charset=utf-8");
  if (pathname === "/copy/postgres") {
    // Of its own: after a COPY into a reader that was slower at the end, the connection may be given back paused, and hang.
    const sql = postgres(postgresUrl, { max: 1 });
    await pipeline(await sql.unsafe(copy).readable(), res);
    void sql.end({ timeout: 0 });
    return;
  }
  const client = await pool.connect();
  await pipeline(client.query(copyTo(copy)), res);
  client.release();
});
server.listen(0, "127.0.0.1", () => {
  announce((server.address() as AddressInfo).port); // it listens on a port
});
