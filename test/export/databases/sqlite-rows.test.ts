import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { csv, sqliteRows, type ExportOutcome, type SqliteParameters } from "millrace/export";

import { get, RawClient } from "../../node/support/raw-client.ts";
import { serving } from "../../node/support/serving.ts";
import { curl } from "../../support/curl.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-sqlite-"));
const file = join(folder, "shop.db");
let writer: DatabaseSync;

/**
 * How often this process has the database open, besides the writer of the tests. Descriptors of the file itself outlive a connection
 * while another one of the process has locks on it (SQLite, os_unix.c); those of its log do not.
 */
function readers(): number {
  const open = readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === `${file}-wal`;
    } catch {
      return false; // the one of this very listing
    }
  });
  return open.length - 1;
}

const many =
  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT i, 'text ' || i AS t FROM n";

describe("sqliteRows", () => {
  before(() => {
    writer = new DatabaseSync(file);
    writer.exec(
      "PRAGMA journal_mode = wal; CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)",
    );
    writer.exec("INSERT INTO things (name) VALUES ('a'), ('b'), (NULL)");
  });
  after(() => {
    writer.close();
    rmSync(folder, { recursive: true });
  });

  test("cells are exact, and columns have their names, also those that are there twice", () => {
    const source = sqliteRows(
      file,
      "SELECT 1 AS a, 9007199254740991 AS b, 9007199254740992 AS c, -9223372036854775808 AS d, 1.5 AS e, 'x' AS a, x'00ff' AS f, NULL AS g",
    );
    const [row] = Array.from(source).flat();
    assert.deepEqual(
      row?.map((cell) => (cell instanceof Uint8Array ? Array.from(cell) : cell)),
      [
        ...[1, 9007199254740991, 9007199254740992n, -9223372036854775808n],
        ...[1.5, "x", [0, 255], null],
      ],
    );
    assert.deepEqual(source.columns, ["a", "b", "c", "d", "e", "a", "f", "g"]);
    assert.equal(readers(), 0);
  });

  test("the names are known when there are no rows", () => {
    const source = sqliteRows(pathToFileURL(file), "SELECT * FROM things WHERE id < 0");
    assert.deepEqual(Array.from(source), []);
    assert.deepEqual(source.columns, ["id", "name"]);
  });

  test("parameters are positions or names", () => {
    const rows = (where: string, params?: SqliteParameters) =>
      Array.from(sqliteRows(file, `SELECT name FROM things WHERE ${where}`, params)).flat();
    assert.deepEqual(rows("id = ?", [2]), [["b"]]);
    assert.deepEqual(rows("id = :id AND name = $name", { id: 1, name: "a" }), [["a"]]);
    assert.deepEqual(rows("id = ?"), []);
    assert.throws(() => rows("id = :id", { other: 1 }), /other/);
    assert.equal(readers(), 0);
  });

  test("rows come complete, in order and in batches", () => {
    const batches = Array.from(sqliteRows(file, many, [5_000], { batch: 100 }));
    assert.ok(batches.every((batch) => batch.length <= 100));
    assert.deepEqual(
      batches.flat().map(([id]) => id),
      Array.from({ length: 5_000 }, (_, index) => index + 1),
    );
  });

  test("a batch of slow rows ends before it is full", () => {
    const slow =
      "SELECT (SELECT sum(i) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n WHERE i > m.id)) AS s FROM things m";
    assert.equal(Array.from(sqliteRows(file, slow)).length, 3);
  });

  test("a writer is not held up, and the reader sees the state it began with", () => {
    const rows = sqliteRows(file, "SELECT id FROM things ORDER BY id", [], { batch: 1 })[
      Symbol.iterator
    ]();
    assert.deepEqual(rows.next().value, [[1]]);
    writer.exec("DELETE FROM things WHERE id = 2; INSERT INTO things VALUES (4, 'd')");
    assert.deepEqual([rows.next().value, rows.next().value], [[[2]], [[3]]]);
    assert.equal(rows.next().done, true);
    writer.exec("DELETE FROM things WHERE id = 4; INSERT INTO things VALUES (2, 'b')");
  });

  test("the database cannot be written", () => {
    assert.throws(() => Array.from(sqliteRows(file, "DELETE FROM things")), /readonly/);
    assert.equal(readers(), 0);
  });

  test("nothing is opened before the first row, and all is closed after the last, the last wanted and an error", () => {
    const source = sqliteRows(file, many, [5_000]);
    assert.equal(readers(), 0);
    const rows = source[Symbol.iterator]();
    rows.next();
    assert.equal(readers(), 1);
    rows.return?.();
    assert.equal(readers(), 0);
    assert.throws(() => Array.from(sqliteRows(file, "SELECT nonsense")), /no such column/);
    assert.throws(
      () => Array.from(sqliteRows(file, "SELECT abs(-9223372036854775808)")),
      /overflow/,
    );
    assert.equal(readers(), 0);
    assert.throws(() => source[Symbol.iterator](), { code: "SOURCE_USED" });
  });

  test("is served as CSV", async (t) => {
    const server = await serving(t, () => csv(sqliteRows(file, "SELECT id, name FROM things")));
    const { code, text } = await curl([server.url]);
    assert.equal(code, 0);
    assert.equal(text, "id,name\r\n1,a\r\n2,b\r\n3,\r\n");
  });

  test("a client that leaves, or reads nothing and then leaves, closes the database", async (t) => {
    for (const stalls of [false, true]) {
      const { promise, resolve } = Promise.withResolvers<ExportOutcome>();
      const server = await serving(t, () =>
        csv(sqliteRows(file, many, [100_000_000]), { onClose: resolve }),
      );
      using client = await RawClient.open(server.port);
      client.write(get("/"));
      await client.until("\n3000,");
      if (stalls) {
        client.socket.pause();
        await new Promise((wait) => setTimeout(wait, 200));
      }
      assert.equal(readers(), 1);
      client.socket.destroy();
      assert.equal((await promise).type, "cancelled");
      assert.equal(readers(), 0);
    }
  });
});

describe("a mistake in the call of sqliteRows is an error at the call:", () => {
  for (const [title, call, code] of [
    ["no file", () => sqliteRows("/nowhere/shop.db", "SELECT 1"), "FILE_NOT_FOUND"],
    ["a folder", () => sqliteRows(tmpdir(), "SELECT 1"), "FILE_NOT_FOUND"],
    ["a database that is no path", () => sqliteRows({} as string, "SELECT 1"), "OPTION_INVALID"],
    ["no SQL", () => sqliteRows(import.meta.filename, ""), "OPTION_INVALID"],
    [
      "a parameter alone",
      () => sqliteRows(import.meta.filename, "SELECT ?", 1 as never),
      "OPTION_INVALID",
    ],
    [
      "an unknown option",
      () => sqliteRows(import.meta.filename, "SELECT 1", [], { bigint: true } as object),
      "OPTION_UNKNOWN",
    ],
  ] as const) {
    test(title, () => void assert.throws(call, { code }));
  }

  test("a file that is no database is an error when it is read", () => {
    assert.throws(
      () => Array.from(sqliteRows(import.meta.filename, "SELECT 1 FROM x")),
      /not a database/,
    );
  });
});
