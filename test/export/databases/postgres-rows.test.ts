import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { csv, csvChunks, postgresRows, type PostgresRowsOptions } from "millrace/export";
import { Client, Pool } from "pg";
import postgres from "postgres";

import { serving } from "../../node/support/serving.ts";
import { curl } from "../../support/curl.ts";
import { allOf } from "./support/all-of.ts";
import { ask, skip, url } from "./support/postgres.ts";

let pool: Pool;
let sql: postgres.Sql;

const clients = [
  ["pg", () => pool],
  ["postgres", () => sql],
] as const;

const values = `SELECT 9007199254740993::int8 AS big, 1.10::numeric AS amount, 'NaN'::float8 AS nothing, true AS yes,
  timestamptz '2024-02-29 12:34:56.789012+00' AS at, date '0044-03-15 BC' AS ides, '{"a":1.0}'::json AS json,
  ARRAY[1, NULL, 3] AS list, '\\x00ff'::bytea AS bytes, 'a "b", 🙂' AS text, '' AS empty, NULL::text AS missing, 1 AS big`;
const texts = [
  ...[
    "9007199254740993",
    "1.10",
    "NaN",
    "t",
    "2024-02-29 12:34:56.789012+00",
    "0044-03-15 BC",
    '{"a":1.0}',
  ],
  ...["{1,NULL,3}", "\\x00ff", 'a "b", 🙂', "", null, "1"],
];
const names = "big amount nothing yes at ides json list bytes text empty missing big".split(" ");

describe("postgresRows", { skip }, () => {
  before(() => {
    const options = "-c TimeZone=UTC";
    pool = new Pool({ connectionString: url, options, max: 2 });
    sql = postgres(url, { max: 2, connection: { TimeZone: "UTC" } });
  });
  after(async () => {
    await pool.end();
    await sql.end();
  });

  for (const [name, client] of clients) {
    const read = (text: string, params?: unknown[], options?: PostgresRowsOptions) =>
      postgresRows(client(), text, params, options);

    test(`cells are the server's text, exact, and columns have their names, over ${name}`, async () => {
      const source = read(values);
      assert.equal(source.columns, undefined);
      const batches = await allOf(source);
      assert.deepEqual(batches.flat(), [texts]);
      assert.deepEqual(source.columns, names);
    });

    test(`the names are known with the first batch, and when there is none, over ${name}`, async () => {
      const full = read("SELECT generate_series(1, 10) AS id");
      for await (const batch of full) assert.deepEqual(full.columns, ["id"], `${batch.length}`);
      const empty = read("SELECT 1 AS a, 2 AS b WHERE $1", [false]);
      assert.deepEqual(await allOf(empty), []);
      assert.deepEqual(empty.columns, ["a", "b"]);
    });

    test(`parameters are those of the driver, over ${name}`, async () => {
      const at = new Date(Date.UTC(2024, 0, 2, 3, 4, 5));
      const source = read("SELECT $1::int + 1, $2::text, $3::timestamptz, $4::text, $5::bytea", [
        ...[41, "'; DROP TABLE x; --", at, null],
        Buffer.from([1, 2]),
      ]);
      const row = ["42", "'; DROP TABLE x; --", "2024-01-02 03:04:05+00", null, "\\x0102"];
      assert.deepEqual((await allOf(source)).flat(), [row]);
    });

    test(`with \`types\` the driver parses them, over ${name}`, async () => {
      const source = read("SELECT 1 AS a, true AS b, '{\"c\":1}'::json AS c, NULL::int AS d", [], {
        types: true,
      });
      assert.deepEqual((await allOf(source)).flat(), [[1, true, { c: 1 }, null]]);
    });

    test(`rows come complete, in order and in batches, over ${name}`, async () => {
      for (const batch of [1, 7, 1000]) {
        const count = batch === 1 ? 100 : 20_000;
        const batches = await allOf(
          read("SELECT i FROM generate_series(1, $1) i", [count], { batch }),
        );
        const expected = Array.from({ length: count }, (_, index) => [`${index + 1}`]);
        assert.deepEqual(batches.flat(), expected);
        assert.ok(batches.length > 1);
      }
    });

    test(`a read-only transaction refuses to write, sees one state, and is over afterwards, over ${name}`, async () => {
      const table = `millrace_rows_${process.pid}`;
      await ask(`CREATE TABLE ${table} AS SELECT 1 AS id`);
      try {
        const write = read(`INSERT INTO ${table} VALUES (2) RETURNING id`, [], { readOnly: true });
        await assert.rejects(allOf(write), { code: "25006" });
        const level = read("SELECT current_setting('transaction_isolation')", [], {
          readOnly: true,
        });
        assert.deepEqual((await allOf(level)).flat(), [["repeatable read"]]);
        const allowed = read(`INSERT INTO ${table} VALUES (2) RETURNING id`);
        assert.deepEqual((await allOf(allowed)).flat(), [["2"]]);
        assert.equal((await ask(`SELECT * FROM ${table}`)).length, 2);
      } finally {
        await ask(`DROP TABLE ${table}`);
      }
    });

    test(`the statement timeout ends a slow query, and holds for no other, over ${name}`, async () => {
      const slow = read("SELECT pg_sleep(10)", [], { statementTimeout: 50 });
      await assert.rejects(allOf(slow), { code: "57014" });
      const setting = read("SELECT current_setting('statement_timeout')");
      const usual = await ask<{ statement_timeout: string }>("SHOW statement_timeout");
      assert.deepEqual((await allOf(setting)).flat(), [[usual[0]?.statement_timeout]]);
    });

    test(`parameters that cannot be sent are an error, and the pool works on, over ${name}`, async () => {
      const circular: { self?: unknown } = {};
      circular.self = circular;
      await assert.rejects(allOf(read("SELECT $1::json", [circular])), /circular/i);
      await assert.rejects(allOf(read("SELECT $1::int", ["x"])), { code: "22P02" });
      await assert.rejects(allOf(read("SELECT $1::int, $2::int", [1])));
      assert.deepEqual((await allOf(read("SELECT 1"))).flat(), [["1"]]);
    });

    test(`what changes data and returns nothing has no rows, over ${name}`, async () => {
      const source = read("SET application_name = 'millrace'");
      assert.deepEqual(await allOf(source), []);
    });
  }

  test("is served as CSV", async (t) => {
    const server = await serving(t, () =>
      csv(postgresRows(pool, "SELECT i AS id, $1 AS name FROM generate_series(1, 3) i", ["a,b"])),
    );
    const { code, text } = await curl([server.url]);
    assert.equal(code, 0);
    assert.equal(text, 'id,name\r\n1,"a,b"\r\n2,"a,b"\r\n3,"a,b"\r\n');
  });

  test("without rows there is still a header", async () => {
    for (const [, client] of clients) {
      const source = postgresRows(client(), "SELECT 1 AS id, 2 AS name WHERE false");
      assert.equal(Buffer.concat(await allOf(csvChunks(source))).toString(), "id,name\r\n");
    }
  });
});

describe("a mistake in the call of postgresRows is an error at the call:", () => {
  const idle = new Pool({ connectionString: url });
  const client = new Client(url);
  for (const [title, call, code] of [
    [
      "options as parameters",
      () => postgresRows(idle, "SELECT 1", { batch: 1 } as never),
      "OPTION_INVALID",
    ],
    ["no SQL", () => postgresRows(idle, ""), "OPTION_INVALID"],
    [
      "no rows in a batch",
      () => postgresRows(idle, "SELECT 1", [], { batch: 0 }),
      "OPTION_INVALID",
    ],
    [
      "a timeout that is none",
      () => postgresRows(idle, "SELECT 1", [], { statementTimeout: -1 }),
      "OPTION_INVALID",
    ],
    [
      "types that are no flag",
      () => postgresRows(idle, "SELECT 1", [], { types: {} as never }),
      "OPTION_INVALID",
    ],
    [
      "an unknown option",
      () => postgresRows(idle, "SELECT 1", [], { rows: 1 } as object),
      "OPTION_UNKNOWN",
    ],
    [
      "a transaction without a pool",
      () => postgresRows(client, "SELECT 1", [], { readOnly: true }),
      "OPTION_INVALID",
    ],
  ] as const) {
    test(title, () => void assert.throws(call, { code }));
  }
});
