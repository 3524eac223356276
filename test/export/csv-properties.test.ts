import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";
import { csvChunks, type CsvFormat } from "millrace/export";

/** Characters that mean something to a reader of CSV, and characters of every length in UTF-8. */
const character = fc.constantFrom(
  ...["a", "b", "1", " ", ",", ";", '"', "\n", "\r", "\t", "=", "-", "'", "\\", "."],
  ...["\0", "é", "€", "😀", "\ud83d", "\ude00", "\ufeff", "\uff1d", "\u2028"],
);
/** Lengths around those where the way of writing changes. */
const text = fc.oneof(
  fc.string({ unit: character, maxLength: 6 }),
  fc.string({ unit: character, minLength: 14, maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("", "\\.", "NULL", "plain", "x".repeat(17), "y".repeat(33)),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.integer().map((hundredths) => hundredths / 100),
  fc.maxSafeInteger().map((hundredths) => hundredths / 100),
  fc.bigInt(),
  fc.constantFrom(-0, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 0.1 + 0.2, 21_474_836.47, 21_474_836.48),
);
const cell = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined, true, false) },
  { weight: 1, arbitrary: fc.date({ noInvalidDate: true }) },
);
const table = fc
  .integer({ min: 1, max: 5 })
  .chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }),
  );
const format: fc.Arbitrary<CsvFormat<unknown>> = fc.record(
  {
    delimiter: fc.constantFrom(",", ";", "\t", "|"),
    lineEnd: fc.constantFrom("\n" as const, "\r\n" as const),
    formulas: fc.constantFrom("keep" as const, "escape" as const),
    nulls: fc.constantFrom("", "NULL", "\\N", "é", "😀", "\ufeff"),
    quoteEmpty: fc.boolean(),
    bom: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** The rules, as simply as they can be said. */
function expected(rows: readonly (readonly unknown[])[], options: CsvFormat<unknown>): string {
  const { delimiter = ",", lineEnd = "\r\n", formulas = "keep" } = options;
  const { nulls = "", quoteEmpty = false, bom = false } = options;
  const quote = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const ofText = (value: string) => {
    if (value === "") return quoteEmpty ? '""' : "";
    const formula = /^"*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value);
    const safe = formula && formulas === "escape" ? `'${value}` : value;
    const special = ['"', "\r", "\n", delimiter].some((one) => safe.includes(one));
    return special || safe.startsWith("\ufeff") || safe === nulls ? quote(safe) : safe;
  };
  const ofCell = (value: unknown) => {
    if (value == null) return nulls;
    if (typeof value === "string") return ofText(value);
    return value instanceof Date ? value.toISOString() : String(value);
  };
  const records = rows.map((row) => {
    const fields = row.map(ofCell);
    const alone = fields.length === 1 && (fields[0] === "" || fields[0] === "\\.");
    return (alone ? `"${fields[0]}"` : fields.join(delimiter)) + lineEnd;
  });
  return (bom ? "\ufeff" : "") + records.join("").toWellFormed();
}

const written = (rows: readonly unknown[], options: CsvFormat<unknown>) =>
  Buffer.concat([...csvChunks(rows, options)]).toString();

describe("any table", () => {
  test("is written by the rules, whichever way its fields take", () => {
    fc.assert(
      fc.property(table, format, (rows, options) => {
        assert.equal(written([rows], options), expected(rows, options));
      }),
      { numRuns: 5_000 },
    );
  });

  test("is the same from arrays, batches, objects, and objects with their keys in another order", () => {
    const names = ["a", "b", "c", "d", "e"];
    fc.assert(
      fc.property(table, format, (rows, options) => {
        const columns = names.slice(0, rows[0]?.length ?? 1);
        const objects = rows.map((row) =>
          Object.fromEntries(row.map((value, at) => [names[at], value])),
        );
        const turned = objects.map((row) => Object.fromEntries(Object.entries(row).toReversed()));
        const reference = written(objects, { ...options, columns });
        assert.equal(written([rows], { ...options, columns }), reference);
        assert.equal(written([objects], { ...options, columns }), reference);
        assert.equal(written(turned, { ...options, columns }), reference);
        if (rows.length > 0)
          assert.equal(written(objects.slice(0, 1).concat(turned.slice(1)), options), reference);
      }),
      { numRuns: 1_000 },
    );
  });

  test("of any length arrives in chunks of 64 KiB, none of which is touched again", () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 1, max: 40_000 }),
        (cells, count) => {
          const rows = Array.from({ length: count }, (_, at) => ["row", cells[at % cells.length]]);
          const chunks: Uint8Array[] = [];
          const copies: Uint8Array[] = [];
          for (const chunk of csvChunks([rows])) {
            chunks.push(chunk);
            copies.push(chunk.slice());
          }
          assert.deepEqual(Buffer.concat(chunks), Buffer.concat(copies));
          assert.equal(Buffer.concat(chunks).toString(), expected(rows, {}));
          for (const chunk of chunks) assert.ok(chunk.byteLength <= 64 * 1024);
        },
      ),
      { numRuns: 30 },
    );
  });
});

test("every number is written as String() has it", () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 50, maxLength: 50 }), (numbers) => {
      assert.equal(
        written([["x", ...numbers]], {}),
        `${["x", ...numbers].map(String).join(",")}\r\n`,
      );
    }),
    { numRuns: 2_000 },
  );
});

test("every date is written as toISOString() has it", () => {
  const instant = fc.oneof(
    fc.date({ noInvalidDate: true }),
    fc.date({ noInvalidDate: true, min: new Date("0001-01-01"), max: new Date("9999-12-31") }),
    fc
      .constantFrom(
        "0000-12-31T23:59:59.999Z",
        "0001-01-01",
        "9999-12-31T23:59:59.999Z",
        "+010000-01-01",
      )
      .map((iso) => new Date(iso)),
  );
  fc.assert(
    fc.property(fc.array(instant, { minLength: 50, maxLength: 50 }), (dates) => {
      const expectedText = dates.map((date) => `,${date.toISOString()}`).join("");
      assert.equal(written([["x", ...dates]], {}), `x${expectedText}\r\n`);
    }),
    { numRuns: 1_000 },
  );
  const days = Array.from(
    { length: 150_000 },
    (_, day) => new Date(Date.UTC(1600, 0, day) + (day % 86_400_000)),
  );
  assert.equal(
    written([["x", ...days]], {}),
    `x${days.map((date) => `,${date.toISOString()}`).join("")}\r\n`,
  );
});

test("a field of many megabytes passes whole", () => {
  const long = '0123456789,"é😀\n'.repeat(500_000);
  const rows = [
    ["a", long],
    ["b", long.toUpperCase()],
  ];
  assert.equal(written(rows, {}), expected(rows, {}));
});
