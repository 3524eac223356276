import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { parquet, parquetChunks, type ParquetFormat, type ParquetType } from "millrace/export";

import { collect } from "./support/archive.ts";
import { readParquet, type SeenFile } from "./support/parquet.ts";

type Row = Record<string, unknown>;
type Format = ParquetFormat<Row>;

/** What comes back of rows. */
async function roundTrip(
  rows: Parameters<typeof parquetChunks<Row>>[0],
  format?: Format,
): Promise<SeenFile> {
  return readParquet(await collect(parquetChunks<Row>(rows, format)));
}

/** What comes back of one column. */
async function cells(values: readonly unknown[], type?: ParquetType): Promise<unknown[]> {
  const { rows } = await roundTrip(
    values.map((cell) => ({ cell })),
    { types: { cell: type } },
  );
  return rows.map(({ cell }) => cell);
}

/** The physical type of the columns, with what is said about it. */
function schemaOf({ metadata }: SeenFile): Record<string, unknown> {
  return Object.fromEntries(
    metadata.schema
      .slice(1)
      .map(({ name, type, converted_type, logical_type }) => [
        name,
        [type, converted_type, logical_type?.type].filter(Boolean).join(" "),
      ]),
  );
}

const code = (expected: string, message?: RegExp) => (error: unknown) => {
  const { code: actual, message: text } = error as { code: string; message: string };
  assert.equal(actual, expected);
  if (message !== undefined) assert.match(text, message);
  return true;
};

describe("types that are read off the cells", () => {
  test("each kind of value has one, and nulls fit everywhere", async () => {
    const row = {
      text: "Zażółć 漢字 😀",
      yes: true,
      id: 7,
      half: 0.5,
      big: 2n ** 63n - 1n,
      at: new Date("2026-01-31T12:34:56.789Z"),
      list: [1, { two: "2" }],
      bytes: new Uint8Array([0, 255, 128]),
      link: new URL("http://example.com/"),
      nothing: null,
    };
    const nulls = Object.fromEntries(Object.keys(row).map((key) => [key, null]));
    const file = await roundTrip([nulls, row, {}]);
    const { link: _, ...rest } = row;
    assert.deepEqual(file.rows, [nulls, { ...rest, id: 7n, link: "http://example.com/" }, nulls]);
    assert.deepEqual(schemaOf(file), {
      text: "BYTE_ARRAY UTF8 STRING",
      yes: "BOOLEAN",
      id: "INT64",
      half: "DOUBLE",
      big: "INT64",
      at: "INT64 TIMESTAMP_MILLIS TIMESTAMP",
      list: "BYTE_ARRAY JSON JSON",
      bytes: "BYTE_ARRAY",
      link: "BYTE_ARRAY UTF8 STRING",
      nothing: "BYTE_ARRAY UTF8 STRING",
    });
    assert.deepEqual(file.metadata.schema[6]?.logical_type, {
      type: "TIMESTAMP",
      isAdjustedToUTC: true,
      unit: "MILLIS",
    });
  });

  test("one number with a fraction in the first row group makes all doubles", async () => {
    assert.deepEqual(await cells([1, null, 2.5, -0]), [1, null, 2.5, 0]);
    assert.deepEqual(await cells([1, NaN, Infinity, 2 ** 60]), [1, NaN, Infinity, 2 ** 60]);
    assert.deepEqual(await cells([-1, null, 0]), [-1n, null, 0n]);
  });

  test("a later row that does not fit is named, with its column and what to do", async () => {
    const rows = [{ price: 1 }, { price: 2 }, { price: null }, { price: 2.5 }];
    await assert.rejects(
      roundTrip(rows, { rowGroupRows: 2 }),
      code(
        "ROW_INVALID",
        /^Row 4 has a number \(2\.5\) in the column "price" of type int64, which its first cells say\. .*`format`/,
      ),
    );
    await assert.rejects(
      roundTrip([[{ price: 1.5 }, { price: "free" }]]),
      code("ROW_INVALID", /^Row 2 has a string \("free"\) in the column "price" of type number/),
    );
  });

  test("values that no type holds are mistakes", async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const value of [
      () => {},
      Symbol("s"),
      new Date(NaN),
      circle,
      new Float64Array(2),
      2n ** 63n,
    ]) {
      await assert.rejects(cells([value]), code("ROW_INVALID", /^Row 1 has /));
    }
  });
});

describe("types that are given", () => {
  const fits: [ParquetType, given: unknown[], back: unknown[]][] = [
    ["int32", [-(2 ** 31), 2 ** 31 - 1, 5n, "-7"], [-(2 ** 31), 2 ** 31 - 1, 5, -7]],
    ["int64", [1, -(2n ** 63n), "9223372036854775807"], [1n, -(2n ** 63n), 2n ** 63n - 1n]],
    [
      "float64",
      [1, 2n ** 60n, "-1.5e3", "NaN", "Infinity", -0],
      [1, 2 ** 60, -1500, NaN, Infinity, 0],
    ],
    [
      "date",
      ["2026-01-31", "1969-12-31", new Date("2024-02-29T23:59:59Z")],
      [new Date("2026-01-31"), new Date("1969-12-31"), new Date("2024-02-29")],
    ],
    ["timestamp", [new Date(-1), new Date(8.64e15)], [new Date(-1), new Date(8.64e15)]],
    [
      "json",
      ["text", 1, [null], { big: 2n ** 70n }],
      ["text", 1, [null], { big: "1180591620717411303424" }],
    ],
    ["string", ["", "\0"], ["", "\0"]],
  ];
  for (const [type, given, back] of fits) {
    test(`${type} takes ${given.map((value) => (typeof value === "bigint" ? `${value}n` : JSON.stringify(value, (_, one: unknown) => (typeof one === "bigint" ? `${one}n` : one)))).join(", ")}`, async () => {
      assert.deepEqual(await cells([...given, null], type), [...back, null]);
    });
  }

  const unfit: [ParquetType, unknown[]][] = [
    ["int32", [2 ** 31, 1.5, NaN, "1.0", "", true]],
    ["int64", [2 ** 53, 2n ** 63n, "1e3", new Date(0)]],
    ["float64", ["", "0x10", "1,5", 2n ** 53n + 1n, false]],
    ["decimal(4,2)", ["100", 100, 100n, "1.234", "1e1", "-", ".", NaN]],
    ["date", ["2026-02-30", "2026-1-1", "31.01.2026", 0, new Date(NaN)]],
    ["timestamp", ["2026-01-31", 0]],
    ["boolean", [0, "true"]],
    ["string", [1, true]],
    ["bytes", ["text", new ArrayBuffer(1), new Uint16Array(1)]],
  ];
  for (const [type, values] of unfit) {
    test(`${type} takes none of ${values.map(String).join(", ")}`, async () => {
      for (const value of values) {
        await assert.rejects(cells([value], type), code("ROW_INVALID", /which `types` says/));
      }
    });
  }

  test("decimals keep every digit, in 64 bits or in 128", async () => {
    const values = {
      short: ["1.5", -2n, "-.01", 0.125, "007."],
      long: ["-1.5", 10n ** 27n, "12345678901234567890123456.7890000", 0, "-0"],
    };
    const rows = values.short.map((short, index) => ({ short, long: values.long[index] }));
    const bytes = await collect(
      parquetChunks<Row>(rows, { types: { short: "decimal(18,2)", long: "decimal(38,4)" } }),
    );
    const { rows: back, metadata } = await readParquet(bytes, { unscaled: true });
    assert.deepEqual(
      back.map(({ short }) => short),
      [150n, -200n, -1n, 13n, 700n],
    );
    assert.deepEqual(
      back.map(({ long }) =>
        BigInt.asIntN(128, BigInt(`0x${Buffer.from(long as Uint8Array).toString("hex")}`)),
      ),
      [-15000n, 10n ** 31n, 123456789012345678901234567890n, 0n, 0n],
    );
    assert.deepEqual(
      metadata.schema.slice(1).map(({ type, precision, scale }) => [type, precision, scale]),
      [
        ["INT64", 18, 2],
        ["FIXED_LEN_BYTE_ARRAY", 38, 4],
      ],
    );
  });

  test("bytes are copied: the source may refill its buffer", async () => {
    const buffer = new Uint8Array(2);
    const { rows } = await roundTrip(
      (function* () {
        for (let value = 0; value < 3; value++) yield { bytes: buffer.fill(value) };
      })(),
    );
    assert.deepEqual(
      rows.map(({ bytes }) => [...(bytes as Uint8Array)]),
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    );
  });
});

describe("rows and columns", () => {
  const expected = [
    { a: 1n, b: "x" },
    { a: 2n, b: null },
    { a: 3n, b: "z" },
  ];
  const objects = [
    { a: 1, b: "x" },
    { b: null, a: 2 },
    { a: 3, b: "z" },
  ];
  const arrays = [
    [1, "x"],
    [2, null],
    [3, "z"],
  ];
  const columns = ["a", "b"];
  async function* later<T>(values: Iterable<T>) {
    for (const value of values) {
      await new Promise(setImmediate);
      yield value;
    }
  }

  test("objects, arrays and batches, at once and later, are the same file", async () => {
    const sources: [Parameters<typeof parquetChunks<Row>>[0], Format?][] = [
      [objects],
      [new Set(objects)],
      [later(objects)],
      [later([objects.slice(0, 2), [], objects.slice(2)])],
      [ReadableStream.from(objects)],
      [Promise.resolve(later(objects))],
      [[arrays], { columns }] as never, // rows of another kind than `Row`
      [later(arrays), { columns }] as never,
    ];
    for (const [rows, format] of sources) {
      assert.deepEqual((await roundTrip(rows, format)).rows, expected);
    }
  });

  test("labels name the columns, formats make the cells, other keys are left out", async () => {
    const { rows } = await roundTrip([{ a: 1, b: "x", secret: "s" }], {
      columns: [
        { key: "b", label: "b.ä" },
        { key: "a", format: (value, row) => `${String(value)} ${String(row["b"])}` },
      ],
    });
    assert.deepEqual(rows, [{ "b.ä": "x", a: "1 x" }]);
  });

  test("rows of another shape are mistakes", async () => {
    const mistakes: [unknown[], Format, RegExp][] = [
      [[{ a: 1 }, { a: 1, b: 2 }], {}, /^Row 2 has a key "b"/],
      [[{ a: 1 }, 5], {}, /^Row 2 is a number \(5\)/],
      [[new Uint8Array(1)], {}, /^Row 1 is an object of class Uint8Array/],
      [[{}], {}, /^Row 1 has no columns/],
      [[{ a: 1 }], { types: { b: "json" } }, /^Row 1 has no "b"/],
      [[["x"]], {}, /names\. Give `columns`/],
      [[["x"], ["x", "y"]], { columns }, /^Row 1 has 1 cells, and there are 2/],
    ];
    for (const [rows, format, message] of mistakes) {
      await assert.rejects(roundTrip(rows as never, format), code("ROW_INVALID", message)); // that they are wrong is the point
    }
  });

  test("without rows the file has the columns that are known", async () => {
    const typed = await roundTrip([], { types: { id: "int64", day: "date" } });
    assert.deepEqual(schemaOf(typed), { id: "INT64", day: "INT32 DATE DATE" });
    assert.deepEqual(typed.rows, []);
    const named = await roundTrip([], { columns, types: { b: "float64" } });
    assert.deepEqual(schemaOf(named), { a: "BYTE_ARRAY UTF8 STRING", b: "DOUBLE" });
    assert.deepEqual(schemaOf(await roundTrip([])), {});
  });
});

describe("row groups", () => {
  const count = ({ metadata }: SeenFile) =>
    metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  const numbers = (length: number) => Array.from({ length }, (_, id) => ({ id }));

  test("they end after rowGroupRows, by default after 25,000", async () => {
    assert.deepEqual(count(await roundTrip(numbers(7), { rowGroupRows: 3 })), [3, 3, 1]);
    assert.deepEqual(count(await roundTrip(numbers(6), { rowGroupRows: 3 })), [3, 3]);
    const file = await roundTrip([numbers(60_000)]);
    assert.deepEqual(count(file), [25_000, 25_000, 10_000]);
    assert.deepEqual(file.rows.at(-1), { id: 59_999n });
  });

  test("they end at 4 MiB of one column, and at 16 MiB of all", async () => {
    const wide = Array.from({ length: 10 }, () => ({ text: "x".repeat(2 ** 20) }));
    assert.deepEqual(count(await roundTrip(wide)), [4, 4, 2]);
    const keys = Array.from({ length: 32 }, (_, index) => `column ${index}`);
    const broad = Array.from({ length: 10 }, () =>
      Object.fromEntries(keys.map((key) => [key, "x".repeat(2 ** 18)])),
    );
    assert.deepEqual(count(await roundTrip(broad)), [2, 2, 2, 2, 2]);
  });

  test("nothing leaves but the first four bytes while a group is collected; then a chunk for each column", async () => {
    let pulled = 0;
    async function* rows() {
      for (; pulled < 6; pulled++) yield { a: pulled, b: "x" };
    }
    const chunks = parquetChunks(rows(), { rowGroupRows: 3 })[Symbol.asyncIterator]();
    const seen: [pulled: number, bytes: number][] = [];
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) {
      seen.push([pulled, step.value.byteLength]);
    }
    assert.deepEqual(
      seen.map(([at]) => at),
      [0, 2, 2, 5, 5, 6],
    );
    assert.equal(seen[0]?.[1], 4);
  });

  test("the event loop turns between two columns", async () => {
    let turns = 0;
    let running = true;
    const turn = () => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const seen: number[] = [];
    for await (const _ of parquetChunks([[{ a: 1, b: 2, c: 3, d: 4 }]])) seen.push(turns);
    running = false;
    const between = seen.slice(1, 5).map((at, index) => at - (seen[index] ?? 0)); // after the first bytes, before the footer
    assert.ok(
      between.every((more) => more > 0),
      String(seen),
    );
  });

  for (const codec of ["zstd", "snappy", "gzip", "none"] as const) {
    test(`pages compressed with ${codec} are read back`, async () => {
      const rows = Array.from({ length: 500 }, (_, id) => ({
        id: BigInt(id),
        text: `text ${id % 7}`,
        nothing: null,
      }));
      const file = await roundTrip(rows, { codec, rowGroupRows: 200 });
      assert.deepEqual(file.rows, rows);
      const names = { zstd: "ZSTD", snappy: "SNAPPY", gzip: "GZIP", none: "UNCOMPRESSED" };
      for (const { columns } of file.metadata.row_groups) {
        assert.ok(columns.every(({ meta_data }) => meta_data?.codec === names[codec]));
      }
    });
  }

  test("bounds of long text are left out of the footer, and those of JSON", async () => {
    const long = "x".repeat(65);
    const { metadata } = await roundTrip([
      { a: "b", b: long, c: { d: long } },
      { a: "a", b: "", c: null },
    ]);
    const bounds = metadata.row_groups[0]?.columns.map(({ meta_data }) => [
      meta_data?.statistics?.min_value,
      meta_data?.statistics?.max_value,
    ]);
    assert.deepEqual(bounds, [
      ["a", "b"],
      ["", undefined],
      [undefined, undefined],
    ]);
  });
});

describe("options", () => {
  const mistakes: [object, string, RegExp][] = [
    [{ rowGroupRow: 1 }, "OPTION_UNKNOWN", /rowGroupRow/],
    [{ rowGroupRows: 0 }, "OPTION_INVALID", /rowGroupRows is 0/],
    [{ codec: "lzo" }, "OPTION_INVALID", /codec is a string \("lzo"\); it takes zstd, snappy/],
    [
      { types: { a: "number" } },
      "OPTION_INVALID",
      /types\.a is a string \("number"\); it takes string, boolean/,
    ],
    [{ types: { a: "decimal(39,2)" } }, "OPTION_INVALID", /types\.a/],
    [{ types: { a: "decimal(3,4)" } }, "OPTION_INVALID", /types\.a/],
    [{ types: { a: "toString" } }, "OPTION_INVALID", /types\.a/],
    [{ types: "int32" }, "OPTION_INVALID", /types is a string/],
    [{ columns: ["b"], types: { a: "int32" } }, "OPTION_INVALID", /types has "a"/],
    [{ columns: [{ key: "a", label: "b" }, "b"] }, "OPTION_INVALID", /Two columns are called "b"/],
    [{ columns: [] }, "OPTION_INVALID", /columns is/],
  ];
  for (const [options, expected, message] of mistakes) {
    test(`${JSON.stringify(options)} is found at the call`, () => {
      assert.throws(() => parquet([], options), code(expected, message));
      assert.throws(() => parquetChunks([], options), code(expected, message));
    });
  }

  test("rows that are none are found at the call", () => {
    assert.throws(() => parquet("rows" as never), code("ROWS_INVALID"));
    assert.throws(() => parquetChunks(5 as never), code("ROWS_INVALID"));
  });
});
