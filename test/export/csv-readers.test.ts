import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";

import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { csvChunks, type CsvFormat } from "millrace/export";
import papaparse from "papaparse";
import postgres from "postgres";

import { missing } from "../support/required.ts";
import { skip, url } from "./databases/support/postgres.ts";
import { python } from "./support/python.ts";

// Tables as others read them back: all that matters is that every field is the text it was.

const character = fc.constantFrom(
  ...["a", "b", "1", " ", ",", ";", '"', '""', "\n", "\r", "\r\n", "\t", "'", "\\", "\\."],
  ...["é", "€", "😀", "\ufeff", "\u2028", "\u0001", "N"],
);
const text = fc.oneof(
  fc.string({ unit: character, maxLength: 5 }),
  fc.string({ unit: character, minLength: 16, maxLength: 40 }),
  fc.constantFrom("", "\\.", "a\n\\.\nb", "NULL", " ", "\ufeff", "\r", "\n"),
);
const table = fc.integer({ min: 1, max: 4 }).chain((width) =>
  fc.array(fc.array(text, { minLength: width, maxLength: width }), {
    minLength: 1,
    maxLength: 6,
  }),
);
const format: fc.Arbitrary<CsvFormat<unknown>> = fc.record(
  {
    delimiter: fc.constantFrom(",", ";", "\t"),
    lineEnd: fc.constantFrom("\n" as const, "\r\n" as const),
    quoteEmpty: fc.boolean(),
  },
  { requiredKeys: [] },
);

const written = (rows: readonly string[][], options: CsvFormat<unknown> = {}) =>
  Buffer.concat([...csvChunks([rows], options)]);

describe("what others read", () => {
  test("csv-parse reads every table back", () => {
    fc.assert(
      fc.property(table, format, fc.boolean(), (rows, options, bom) => {
        const { delimiter = ",", lineEnd = "\r\n" } = options;
        const read: unknown = parse(written(rows, { ...options, bom }), {
          delimiter,
          bom,
          record_delimiter: lineEnd,
        });
        assert.deepEqual(read, rows);
      }),
      { numRuns: 2_000 },
    );
  });

  test("papaparse reads every table back", () => {
    fc.assert(
      fc.property(table, format, fc.boolean(), (rows, options, bom) => {
        const { delimiter = ",", lineEnd: newline = "\r\n" } = options;
        const document = written(rows, { ...options, bom }).toString();
        const read = papaparse.parse(document, { delimiter, newline });
        assert.deepEqual(read.data, [...rows, [""]]); // it takes the end for a record
        assert.deepEqual(read.errors, []);
      }),
      { numRuns: 2_000 },
    );
  });

  test("Python's csv reads every table back", { skip: missing("python3") }, async () => {
    const cases = fc.sample(fc.tuple(table, format), 1_000);
    const documents = cases.map(([rows, options]) => [
      written(rows, options).toString("base64"),
      options.delimiter ?? ",",
    ]);
    const program = `
import base64, csv, io, json, sys
tables = []
for document, delimiter in json.load(sys.stdin):
    text = base64.b64decode(document).decode("utf-8")
    tables.append(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)))
json.dump(tables, sys.stdout)`;
    const read = await python<string[][][]>(program, Buffer.from(JSON.stringify(documents)));
    cases.forEach(([rows], index) => assert.deepEqual(read[index], rows));
  });

  test(
    "PostgreSQL's COPY reads every table back, and tells null from empty text",
    { skip },
    async () => {
      const sql = postgres(url, { max: 1, onnotice() {} });
      /** Copies CSV into a table, and returns what is in it then. */
      async function copied(name: string, columns: string, document: Buffer): Promise<unknown[]> {
        await sql.unsafe(`TRUNCATE ${name}`);
        const target = await sql
          .unsafe(`COPY ${name} (${columns}) FROM STDIN (FORMAT csv)`)
          .writable();
        await pipeline(Readable.from([document]), target);
        return sql.unsafe(`SELECT ${columns} FROM ${name} ORDER BY id`).values();
      }
      try {
        await sql`CREATE TEMP TABLE pairs (id serial, a text, b text)`;
        await sql`CREATE TEMP TABLE singles (id serial, a text)`;
        const field = fc.option(text, { nil: null });
        const pairs = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 200 });
        for (const rows of fc.sample(pairs, 30)) {
          const document = Buffer.concat([...csvChunks([rows], { quoteEmpty: true })]);
          assert.deepEqual([...(await copied("pairs", "a, b", document))], rows);
          const singles = rows.map(([a]) => [a ?? ""]);
          assert.deepEqual([...(await copied("singles", "a", written(singles)))], singles);
        }
      } finally {
        await sql.end();
      }
    },
  );
});
