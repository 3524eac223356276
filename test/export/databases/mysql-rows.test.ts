import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { csv, mysqlRows, type MysqlClient, type MysqlRowsOptions } from "millrace/export";
import mysql from "mysql2";

import { serving } from "../../node/support/serving.ts";
import { curl } from "../../support/curl.ts";
import { allOf } from "./support/all-of.ts";
import { ask, skip, url } from "./support/mysql.ts";

const table = `millrace_rows_${process.pid}`;
let pool: mysql.Pool;

const read = (sql: string, params?: Parameters<typeof mysqlRows>[2], options?: MysqlRowsOptions) =>
  mysqlRows(pool, sql, params, options);

describe("mysqlRows", { skip }, () => {
  before(async () => {
    pool = mysql.createPool({ uri: url, timezone: "Z", connectionLimit: 2 });
    await ask(`CREATE TABLE ${table} (id BIGINT, amount DECIMAL(10, 2), ratio DOUBLE, at DATETIME(6), day DATE, data JSON,
      bytes VARBINARY(8), text VARCHAR(40) CHARACTER SET utf8mb4, missing INT)`);
    await ask(`INSERT INTO ${table} VALUES (9007199254740993, 1.10, 0.1, '2024-02-29 12:34:56.789012', '2024-02-29',
      '{"a": 1.0}', x'00ff', 'a "b", 🙂', NULL)`);
  });
  after(async () => {
    await ask(`DROP TABLE IF EXISTS ${table}`);
    await pool.promise().end();
  });

  test("cells are exact, and columns have their names", async () => {
    const source = read(`SELECT *, 1 AS id FROM ${table}`);
    assert.equal(source.columns, undefined);
    const [row] = (await allOf(source)).flat();
    assert.deepEqual(row, [
      ...[
        "9007199254740993",
        "1.10",
        0.1,
        "2024-02-29 12:34:56.789012",
        "2024-02-29",
        '{"a": 1.0}',
      ],
      ...[Buffer.from([0, 255]), 'a "b", 🙂', null, 1],
    ]);
    const names = "id amount ratio at day data bytes text missing id";
    assert.deepEqual(source.columns, names.split(" "));
  });

  test("with `types` the driver parses them", async () => {
    const source = read(`SELECT at, data FROM ${table}`, [], { types: true });
    const [row] = (await allOf(source)).flat();
    assert.deepEqual(row?.[0], new Date("2024-02-29T12:34:56.789Z"));
  });

  test("the names are known with the first batch, and when there is none", async () => {
    const full = read("SELECT seq AS id FROM seq_1_to_10");
    for await (const batch of full) assert.deepEqual(full.columns, ["id"], `${batch.length}`);
    const empty = read("SELECT 1 AS a, 2 AS b FROM DUAL WHERE ?", [false]);
    assert.deepEqual(await allOf(empty), []);
    assert.deepEqual(empty.columns, ["a", "b"]);
  });

  test("parameters are positions, or names where the pool has them", async (t) => {
    const [row] = (await allOf(read("SELECT ? AS a, ? AS b", [1, "'; DROP"]))).flat();
    assert.deepEqual(row, [1, "'; DROP"]);
    const named = mysql.createPool({ uri: url, namedPlaceholders: true });
    t.after(() => named.promise().end());
    const source = mysqlRows(named.promise(), "SELECT :b AS b, :a AS a", { a: 1, b: 2 });
    assert.deepEqual((await allOf(source)).flat(), [[2, 1]]);
  });

  test("rows come complete, in order and in batches", async () => {
    for (const batch of [1, 7, 1000]) {
      const batches = await allOf(read("SELECT seq FROM seq_1_to_20000", [], { batch }));
      assert.deepEqual(
        batches.flat().map(([id]) => id),
        Array.from({ length: 20_000 }, (_, index) => index + 1),
      );
      assert.ok(batches.length > 1);
    }
  });

  test("what changes data has no rows", async () => {
    assert.deepEqual(await allOf(read("SET @millrace = 1")), []);
  });

  test("an error leaves the pool as it was", async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      await assert.rejects(allOf(read("SELECT nonsense")), {
        code: "ER_BAD_FIELD_ERROR",
      });
    }
    assert.deepEqual((await allOf(read("SELECT 1"))).flat(), [[1]]);
  });

  test("a connection of the caller's own stays the caller's", async () => {
    const connection = await pool.promise().getConnection();
    await connection.query("SET @millrace = 42");
    for (const client of [connection, connection.connection]) {
      const source = mysqlRows(client as unknown as MysqlClient, "SELECT @millrace");
      assert.deepEqual((await allOf(source)).flat(), [[42]]);
      await assert.rejects(allOf(mysqlRows(connection, "SELECT nonsense")));
    }
    assert.deepEqual((await connection.query("SELECT @millrace AS x"))[0], [{ x: 42 }]);
    connection.release();
  });

  test("is served as CSV", async (t) => {
    const server = await serving(t, () =>
      csv(read("SELECT seq AS id, ? AS name FROM seq_1_to_3", ["a,b"])),
    );
    const { code, text } = await curl([server.url]);
    assert.equal(code, 0);
    assert.equal(text, 'id,name\r\n1,"a,b"\r\n2,"a,b"\r\n3,"a,b"\r\n');
  });
});

describe("a mistake in the call of mysqlRows is an error at the call:", () => {
  const idle = mysql.createPool(url);
  for (const [title, call, code] of [
    ["no client", () => mysqlRows({} as mysql.Pool, "SELECT 1"), "OPTION_INVALID"],
    ["no SQL", () => mysqlRows(idle, ""), "OPTION_INVALID"],
    ["a parameter alone", () => mysqlRows(idle, "SELECT ?", 1 as never), "OPTION_INVALID"],
    ["no rows in a batch", () => mysqlRows(idle, "SELECT 1", [], { batch: 0 }), "OPTION_INVALID"],
    [
      "an unknown option",
      () => mysqlRows(idle, "SELECT 1", [], { rows: 1 } as object),
      "OPTION_UNKNOWN",
    ],
  ] as const) {
    test(title, () => void assert.throws(call, { code }));
  }
});
