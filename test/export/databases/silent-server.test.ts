import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";

import { mysqlRows, postgresCopy, postgresRows } from "millrace/export";
import mysql from "mysql2";
import { Pool } from "pg";

import { eventually } from "../../support/eventually.ts";
import { within } from "../../support/within.ts";
import * as mariadb from "./support/mysql.ts";
import * as postgresql from "./support/postgres.ts";
import { newTag } from "./support/road.ts";

/** A network between client and server, which can swallow everything. */
class Network implements AsyncDisposable {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#join(client));
  #silent = false;

  constructor(target: string) {
    this.#target = new URL(target);
  }

  /** The same database, over this network. */
  async url(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const url = new URL(this.#target);
    url.port = String((this.#server.address() as AddressInfo).port); // it listens on a port
    return url.href;
  }

  set silent(silent: boolean) {
    this.#silent = silent;
    for (const socket of this.#sockets) if (silent) socket.pause();
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname);
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      if (this.#silent) socket.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

for (const [name, source] of [
  ["postgresCopy", postgresCopy],
  ["postgresRows", postgresRows],
] as const) {
  test(
    `${name} does not give a connection back whose server has fallen silent`,
    { skip: postgresql.skip },
    async () => {
      await using network = new Network(postgresql.url);
      const pool = new Pool({ connectionString: await network.url(), max: 1 });
      const tag = newTag();
      const rows: AsyncIterator<unknown> = source(pool, postgresql.database.slow(tag))[
        Symbol.asyncIterator
      ]();
      const first = rows.next();
      await eventually(() => postgresql.database.running(tag));
      network.silent = true;
      await within(Promise.resolve(rows.return?.()), "the end of return()");
      assert.equal((await first).done, true);
      assert.equal(pool.totalCount, 0);
      network.silent = false;
      assert.deepEqual((await pool.query("SELECT 1 AS x")).rows, [{ x: 1 }]);
      await pool.end();
      await postgresql.database.terminate(tag);
    },
  );
}

test(
  "mysqlRows does not give a connection back whose server has fallen silent",
  { skip: mariadb.skip },
  async () => {
    await using network = new Network(mariadb.url);
    const pool = mysql.createPool({ uri: await network.url(), connectionLimit: 1 });
    const tag = newTag();
    const rows = mysqlRows(pool, mariadb.database.slow(tag))[Symbol.asyncIterator]();
    const first = rows.next();
    await eventually(() => mariadb.database.running(tag));
    network.silent = true;
    await within(Promise.resolve(rows.return?.()), "the end of return()");
    assert.equal((await first).done, true);
    network.silent = false;
    const [answer] = await within(pool.promise().query("SELECT 1 AS x"), "the next query");
    assert.deepEqual(answer, [{ x: 1 }]);
    await pool.promise().end();
    await mariadb.database.terminate(tag);
  },
);
