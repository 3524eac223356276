import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";
import { parquetChunks, type ParquetType } from "millrace/export";

import { collect } from "./support/archive.ts";
import { readParquet } from "./support/parquet.ts";

/** A column: its type, what can be in it, and what comes back of that. */
interface AnyColumn {
  readonly type: ParquetType;
  readonly given: boolean;
  readonly cells: fc.Arbitrary<unknown>;
  readonly back: (value: never) => unknown;
}

const same = (value: unknown) => value;
const wellFormed = (text: string) => text.toWellFormed();
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }), // also halves of surrogate pairs
  fc.string({ unit: "binary", minLength: 60, maxLength: 70 }), // around the longest bound
  fc.constantFrom("", "few", "words"), // which go to a dictionary
);
const dayOf = (date: Date) => new Date(Math.floor(date.getTime() / 86_400_000) * 86_400_000);
const date = fc.date({ noInvalidDate: true });
const json = fc.oneof(
  fc.array(fc.jsonValue({ noUnicodeString: false }), { maxLength: 5 }),
  fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 }),
);

const column: fc.Arbitrary<AnyColumn> = fc.constantFrom<AnyColumn[]>(
  { type: "string", given: false, cells: text, back: wellFormed },
  { type: "boolean", given: false, cells: fc.boolean(), back: same },
  { type: "int64", given: false, cells: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), back: same },
  { type: "int64", given: false, cells: fc.maxSafeInteger(), back: BigInt },
  { type: "int64", given: true, cells: fc.maxSafeInteger(), back: BigInt },
  { type: "int32", given: true, cells: fc.integer(), back: same },
  { type: "float64", given: true, cells: fc.double(), back: (value: number) => value + 0 },
  { type: "timestamp", given: false, cells: date, back: same },
  { type: "date", given: true, cells: date, back: dayOf },
  { type: "json", given: false, cells: json, back: (value) => JSON.parse(JSON.stringify(value)) },
  {
    type: "json",
    given: true,
    cells: fc.jsonValue(),
    back: (value) => JSON.parse(JSON.stringify(value)),
  },
  { type: "bytes", given: false, cells: fc.uint8Array({ maxLength: 70 }), back: same },
);

interface Table {
  readonly columns: readonly AnyColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

const table: fc.Arbitrary<Table> = fc
  .array(column, { minLength: 1, maxLength: 6 })
  .chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(fc.tuple(...columns.map(({ cells }) => fc.option(cells, { freq: 4 }))), {
        maxLength: 60,
      }),
    }),
  );

/** Rows as arrays or objects, alone or in batches, at once or later. */
const shape = fc.record({
  objects: fc.boolean(),
  batch: fc.option(fc.integer({ min: 1, max: 20 })),
  later: fc.boolean(),
});

const options = fc.record({
  rowGroupRows: fc.integer({ min: 1, max: 30 }),
  codec: fc.constantFrom("zstd", "snappy", "gzip", "none"),
});

/** Bytes in the order of Parquet's bounds of text. */
const compare = (one: string, other: string) =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

test("whatever the columns, the rows and the row groups, all of it comes back, within its bounds", async () => {
  await fc.assert(
    fc.asyncProperty(
      table,
      shape,
      options,
      async ({ columns, rows }, { objects, batch, later }, format) => {
        const keys = columns.map((_, index) => `c${index}`);
        const named = rows.map((row) =>
          Object.fromEntries(row.map((cell, index) => [keys[index], cell])),
        );
        const first = rows.slice(0, format.rowGroupRows);
        const types = Object.fromEntries(
          columns.flatMap(({ type, given }, index) => {
            // Nulls alone make a column of strings.
            const unknown = first.every((row) => row[index] === null);
            return given || unknown ? [[`c${index}`, type]] : [];
          }),
        );
        function* yielded(): Generator<unknown> {
          const all: readonly unknown[] = objects ? named : rows;
          if (batch === null && objects) return yield* all;
          for (let at = 0; at < all.length; at += batch ?? 1)
            yield all.slice(at, at + (batch ?? 1));
        }
        async function* yieldedLater(): AsyncGenerator<unknown> {
          for (const value of yielded()) yield value;
        }
        const source = (later ? yieldedLater() : yielded()) as AsyncIterable<
          Record<string, unknown>
        >; // arrays are rows too
        const bytes = await collect(
          parquetChunks<Record<string, unknown>>(source, { ...format, columns: keys, types }),
        );
        const file = await readParquet(bytes);
        assert.deepEqual(
          file.rows,
          rows.map((row) =>
            Object.fromEntries(
              row.map((cell, index) => [
                keys[index],
                cell === null ? null : columns[index]?.back(cell as never),
              ]), // of its own arbitrary
            ),
          ),
        );
        assert.equal(file.metadata.row_groups.length, Math.ceil(rows.length / format.rowGroupRows));
        file.metadata.row_groups.forEach((group, at) => {
          const { rowGroupRows } = format;
          group.columns.forEach(({ meta_data }, index) => {
            if (columns[index]?.back !== wellFormed) return;
            const { min_value: min, max_value: max } = meta_data?.statistics ?? {};
            for (const row of rows.slice(at * rowGroupRows, (at + 1) * rowGroupRows)) {
              const cell = row[index];
              if (typeof cell !== "string") continue;
              if (typeof min === "string") assert.ok(compare(min, cell) <= 0, `${min} > ${cell}`);
              if (typeof max === "string") assert.ok(compare(max, cell) >= 0, `${max} < ${cell}`);
            }
          });
        });
      },
    ),
    { numRuns: 400 },
  );
});

test("decimals of any precision and scale keep every digit", async () => {
  const decimal = fc.integer({ min: 1, max: 38 }).chain((precision) =>
    fc.record({
      precision: fc.constant(precision),
      scale: fc.integer({ min: 0, max: precision }),
      unscaled: fc.array(
        fc.bigInt(-(10n ** BigInt(precision)) + 1n, 10n ** BigInt(precision) - 1n),
        {
          minLength: 1,
          maxLength: 10,
        },
      ),
    }),
  );
  await fc.assert(
    fc.asyncProperty(decimal, async ({ precision, scale, unscaled }) => {
      const rows = unscaled.map((value) => ({ cell: decimalText(value, scale) }));
      const type: ParquetType = `decimal(${precision},${scale})`;
      const bytes = await collect(parquetChunks(rows, { types: { cell: type } }));
      const file = await readParquet(bytes, { unscaled: true });
      assert.deepEqual(
        file.rows.map(({ cell }) => integerOf(cell)),
        unscaled,
      );
    }),
    { numRuns: 200 },
  );
});

function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function integerOf(cell: unknown): bigint {
  if (typeof cell === "bigint") return cell;
  return BigInt.asIntN(128, BigInt(`0x${Buffer.from(cell as Uint8Array).toString("hex")}`)); // of 16 bytes
}
