import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";

import { csv, postgresCopy, type ExportOutcome, type PostgresCopyOptions } from "millrace/export";
import { Pool } from "pg";
import postgres from "postgres";

import { serving } from "../../node/support/serving.ts";
import { curl } from "../../support/curl.ts";
import { missing } from "../../support/required.ts";
import { allOf } from "./support/all-of.ts";
import { ask, skip, url } from "./support/postgres.ts";

const table = `millrace_copy_${process.pid}`;
let pool: Pool;
let sql: postgres.Sql;

const clients = [
  ["pg", () => pool],
  ["postgres", () => sql],
] as const;

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await allOf(source));
}

const psql = (statement: string): Buffer =>
  execFileSync("psql", [url, "-qc", statement], { maxBuffer: 2 ** 28 });

describe("postgresCopy", { skip: skip || missing("psql") }, () => {
  before(async () => {
    pool = new Pool({ connectionString: url });
    sql = postgres(url, { max: 1, onnotice() {} });
    await ask(`CREATE TABLE ${table} AS SELECT i AS id, md5(i::text)::uuid AS key,
      CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'a "b", c' WHEN 3 THEN E'two\\nlines' ELSE '山田太郎 🙂' END AS "na""me",
      i * 1.37::float8 AS amount, i % 3 = 0 AS "Active" FROM generate_series(1, 20000) i`);
  });
  after(async () => {
    await ask(`DROP TABLE IF EXISTS ${table}`);
    await pool.end();
    await sql.end();
  });

  for (const [name, client] of clients) {
    const copy = (text: string, options?: PostgresCopyOptions) =>
      postgresCopy(client(), text, options);

    test(`gives the very bytes that psql writes, over ${name}`, async () => {
      const cases: readonly [PostgresCopyOptions, string][] = [
        [{}, "HEADER"],
        [{ header: false }, "HEADER false"],
        [{ delimiter: ";", null: "\\N" }, "HEADER, DELIMITER ';', NULL '\\N'"],
        [{ delimiter: "\t", null: "it's" }, "HEADER, DELIMITER E'\\t', NULL 'it''s'"],
        [{ quoteAll: true }, "HEADER, FORCE_QUOTE *"],
        [{ quoteAll: ["Active", 'na"me'] }, `HEADER, FORCE_QUOTE ("Active", "na""me")`],
      ];
      for (const [options, written] of cases) {
        const expected = psql(
          `COPY (SELECT * FROM ${table} ORDER BY id) TO STDOUT WITH (FORMAT csv, ${written})`,
        );
        const source = copy(
          `SELECT * FROM ${table} ORDER BY id; -- all of them`.replace("; --", "\n--"),
          options,
        );
        const bytes = await collect(source);
        assert.ok(bytes.equals(expected), written);
        assert.equal(source.rows, 20_000);
      }
    });

    test(`takes a whole COPY statement as it is, over ${name}`, async () => {
      for (const [statement, rows] of [
        [`/* all */ copy ${table} (id) to stdout with (format csv, header)`, 20_000],
        [`COPY (SELECT 1 AS x) TO STDOUT (FORMAT csv, HEADER off)`, 1],
        [`-- none\nCOPY (SELECT 1 WHERE false) TO STDOUT CSV HEADER`, 0],
      ] as const) {
        const source = copy(statement);
        assert.ok((await collect(source)).equals(psql(statement)));
        assert.equal(source.rows, rows);
      }
    });

    test(`rows of any size keep their bytes, over ${name}`, async () => {
      for (const size of [65_530, 65_535, 65_536, 65_537, 131_072, 3_000_000]) {
        const bytes = await collect(
          copy(`SELECT repeat('x', ${size}) FROM generate_series(1, 3);`, { header: false }),
        );
        assert.ok(bytes.equals(Buffer.from(`${"x".repeat(size)}\n`.repeat(3))), `${size}`);
      }
    });

    test(`many rows come in chunks of up to 64 KiB that are nobody else's, over ${name}`, async () => {
      const chunks = await allOf(
        copy(`SELECT i FROM generate_series(1, 500000) i`, { header: false }),
      );
      assert.ok(chunks.every(({ byteLength }) => byteLength <= 65_536));
      const text = Buffer.concat(chunks).toString();
      assert.equal(text, Array.from({ length: 500_000 }, (_, index) => `${index + 1}\n`).join(""));
    });

    test(`an error right behind the first rows comes as an error, over ${name}`, async () => {
      const source = copy("SELECT 1 / (3 - i) AS x FROM generate_series(1, 5) i");
      await assert.rejects(collect(source), /division by zero/);
      assert.equal((await collect(copy("SELECT 1 AS x"))).toString(), "x\n1\n");
    });

    test(`other queries of the pool go on meanwhile, over ${name}`, async () => {
      const rows = copy("SELECT generate_series(1, 1000000)")[Symbol.asyncIterator]();
      await rows.next();
      const other = client() === pool ? pool.query("SELECT 1 AS x") : sql`SELECT 1 AS x`;
      const answer = other.then((result) => ("rows" in result ? result.rows : Array.from(result)));
      await rows.return?.();
      assert.deepEqual(await answer, [{ x: 1 }]);
    });
  }

  test("nothing is sent before the first read", async (t) => {
    const quiet = new Pool({ connectionString: url });
    t.after(() => quiet.end());
    const source = postgresCopy(quiet, "SELECT 1 AS x");
    const unread = csv(source);
    await unread.body?.cancel();
    assert.equal(quiet.totalCount, 0);
  });

  test("is served as an export, with its rows counted", async (t) => {
    const { promise, resolve } = Promise.withResolvers<ExportOutcome>();
    const server = await serving(t, () =>
      csv(postgresCopy(pool, `TABLE ${table}`), { filename: "all.csv", onClose: resolve }),
    );
    const { code, body } = await curl([server.url]);
    assert.equal(code, 0);
    const { type, rows, bytes } = await promise;
    assert.deepEqual({ type, rows, bytes }, { type: "complete", rows: 20_000, bytes: body.length });
  });

  test("runs in the transaction of the client it is given", async () => {
    const insert = `INSERT INTO ${table} (id) VALUES (-1)`;
    const query = `SELECT id FROM ${table} WHERE id < 0`;
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query(insert);
    assert.equal((await collect(postgresCopy(client, query))).toString(), "id\n-1\n");
    assert.equal(client.getTransactionStatus(), "T");
    await client.query("ROLLBACK");
    client.release();

    const rollback = new Error("rollback");
    const begun = sql.begin(async (transaction) => {
      await transaction.unsafe(insert);
      assert.equal((await collect(postgresCopy(transaction, query))).toString(), "id\n-1\n");
      throw rollback;
    });
    await assert.rejects(begun, rollback);
    assert.equal((await collect(postgresCopy(sql, query))).toString(), "id\n");
  });

  test("is read once", () => {
    const source = postgresCopy(pool, "SELECT 1");
    source[Symbol.asyncIterator]();
    assert.throws(() => source[Symbol.asyncIterator](), { code: "SOURCE_USED" });
  });
});

describe("a mistake in the call of postgresCopy is an error at the call:", () => {
  const idle = new Pool({ connectionString: url });
  for (const [title, call, code] of [
    ["parameters", () => postgresCopy(idle, "SELECT $1", [1] as object), "OPTION_INVALID"],
    ["no SQL", () => postgresCopy(idle, " "), "OPTION_INVALID"],
    [
      "COPY FROM",
      () => postgresCopy(idle, "COPY t FROM STDIN WITH (FORMAT csv)"),
      "OPTION_INVALID",
    ],
    ["COPY of text", () => postgresCopy(idle, "COPY t TO STDOUT"), "OPTION_INVALID"],
    [
      "options twice",
      () => postgresCopy(idle, "COPY t TO STDOUT CSV", { header: true }),
      "OPTION_INVALID",
    ],
    [
      "a long delimiter",
      () => postgresCopy(idle, "SELECT 1", { delimiter: "||" }),
      "OPTION_INVALID",
    ],
    [
      "a quote as delimiter",
      () => postgresCopy(idle, "SELECT 1", { delimiter: '"' }),
      "OPTION_INVALID",
    ],
    [
      "a null with the delimiter",
      () => postgresCopy(idle, "SELECT 1", { null: "a,b" }),
      "OPTION_INVALID",
    ],
    [
      "no columns to quote",
      () => postgresCopy(idle, "SELECT 1", { quoteAll: [] }),
      "OPTION_INVALID",
    ],
    [
      "an unknown option",
      () => postgresCopy(idle, "SELECT 1", { quote: "'" } as object),
      "OPTION_UNKNOWN",
    ],
    ["no client", () => postgresCopy({} as Pool, "SELECT 1"), "OPTION_INVALID"],
    [
      "a client that is not there",
      () => postgresCopy(undefined as never, "SELECT 1"),
      "OPTION_INVALID",
    ],
  ] as const) {
    test(title, () => void assert.throws(call, { code }));
  }
});
