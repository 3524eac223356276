import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { xlsx, xlsxChunks, type Rows, type XlsxFormat, type XlsxOptions } from "millrace/export";
import * as fc from "fast-check";

import { missing } from "../support/required.ts";
import { collect, openArchive, textOf } from "./support/archive.ts";
import { LibreOffice, rawCells } from "./support/workbook.ts";

const office = { skip: missing("soffice") || missing("python3") };
const python = { skip: missing("python3") };

/** One part of a workbook, as text. */
async function part(workbook: Uint8Array, name: string): Promise<string> {
  const entry = (await openArchive(workbook)).find((each) => each.name === name);
  return entry === undefined ? "" : textOf(entry);
}

describe("in LibreOffice", office, () => {
  test("every type of cell is what it was", async (t) => {
    const row = {
      text: "zażółć 日本 😀",
      integer: 42,
      float: -2.5e-7,
      yes: true,
      no: false,
      date: new Date("2024-02-29T00:00:00Z"),
      time: new Date("2024-02-29T12:30:15.250Z"),
      bigint: 9007199254740991n,
      large: 12345678901234567890n,
      json: { a: [1, "x"] },
      bytes: new Uint8Array([1, 255]),
      url: new URL("https://example.com/"),
      ancient: new Date("1850-01-01T00:00:00Z"),
      formula: "=1+1",
      nothing: null,
      last: "end",
    };
    const [sheet, ...more] = await new LibreOffice(t).read(await collect(xlsxChunks([row])));
    assert.deepEqual(more, []);
    assert.equal(sheet?.name, "Sheet1");
    assert.deepEqual(
      sheet.rows[0]?.map(({ value }) => value),
      Object.keys(row),
    );
    assert.deepEqual(
      sheet.rows[1]?.map(({ type, value }) => [type, value]),
      [
        ["string", "zażółć 日本 😀"],
        ["float", "42"],
        ["float", "-0.00000025"],
        ["float", "1"], // LibreOffice's booleans are numbers with a format
        ["float", "0"],
        ["date", "2024-02-29"],
        ["date", "2024-02-29T12:30:15.25"],
        ["float", "9007199254740991"],
        ["string", "12345678901234567890"],
        ["string", '{"a":[1,"x"]}'],
        ["string", "\\x01ff"],
        ["string", "https://example.com/"],
        ["string", "1850-01-01T00:00:00.000Z"],
        ["string", "=1+1"],
        ["", ""],
        ["string", "end"],
      ],
    );
  });

  test("cells read as they were written, with the formats of dates and booleans", async (t) => {
    const rows = [
      [" space ", "two\nlines", "tab\there", "<&>\"'", "_x0041_", "=SUM(A1:A9)", "+1", "-1", "@x"],
      [new Date("2024-05-01T07:05:09Z"), new Date("2024-05-01"), true, 1.5, 0, -0, 1e21, NaN, ""],
    ];
    const { Sheet1: shown } = await new LibreOffice(t).show(await collect(xlsxChunks(rows)));
    assert.deepEqual(shown, [
      rows[0],
      ["2024-05-01 07:05:09", "2024-05-01", "TRUE", "1.5", "0", "0", "1E+021", "NaN", ""],
    ]);
  });

  test("rows that do not fit go on in the next sheet, under the same header", async (t) => {
    const rows = Array.from({ length: 7 }, (_, id) => ({ id, name: `row ${id}` }));
    const format: XlsxFormat = { sheet: "Ord'ers & Co", rowsPerSheet: 4, autoFilter: true };
    const sheets = await new LibreOffice(t).read(
      await collect(xlsxChunks([rows.slice(0, 5), rows.slice(5)], format)),
    );
    assert.deepEqual(
      sheets.map(({ name, rows: cells }) => [name, cells.map(([first]) => first?.value)]),
      [
        ["Ord'ers & Co", ["id", "0", "1", "2"]],
        ["Ord'ers & Co (2)", ["id", "3", "4", "5"]],
        ["Ord'ers & Co (3)", ["id", "6"]],
      ],
    );
  });
});

describe("a workbook", python, () => {
  test("is made of rows of any kind", async () => {
    const objects = [
      { a: 1, b: "x" },
      { a: 2, b: "y" },
    ];
    const arrays = [
      [1, "x"],
      [2, "y"],
    ];
    const asynchronous = async function* <T>(rows: T[]) {
      yield* rows;
    };
    const cells = async (response: Response) => {
      const [sheet] = await rawCells(new Uint8Array(await response.arrayBuffer()));
      return sheet?.map(({ text }) => text).join(" ");
    };
    const withHeader: Rows<{ a: number; b: string }>[] = [
      objects,
      [objects],
      asynchronous(objects),
      asynchronous([objects.slice(0, 1), objects.slice(1)]),
      ReadableStream.from(objects),
      Promise.resolve(objects),
      () => objects,
      async ({ signal }) => asynchronous(signal.aborted ? [] : objects),
    ];
    for (const rows of withHeader) assert.equal(await cells(xlsx(rows)), "a b 1 x 2 y");
    for (const rows of [arrays, [arrays], asynchronous(arrays)])
      assert.equal(await cells(xlsx<unknown[]>(rows)), "1 x 2 y");
    const named = (rows: unknown[][]) => Object.assign(rows, { columns: ["a", "b"] });
    assert.equal(await cells(xlsx<unknown[]>(named(arrays.slice()))), "a b 1 x 2 y");
    assert.equal(await cells(xlsx<unknown[]>(named([]))), "a b");
    const columns = ["a", { key: "b", label: "B" }];
    assert.equal(await cells(xlsx<unknown[]>(arrays, { columns })), "a B 1 x 2 y");
    assert.equal(await cells(xlsx(objects, { header: false })), "1 x 2 y");
    assert.equal(await cells(xlsx([])), "");
    assert.equal(await cells(xlsx<{ a: 1 }>([], { columns: ["a"] })), "a");
  });

  test("has the columns, labels and formats it is told", async () => {
    const rows = [
      { id: 1, price: 12.5, secret: "x" },
      { id: 2, price: null, secret: "y" },
    ];
    const columns: XlsxFormat<(typeof rows)[0]>["columns"] = [
      { key: "price", label: "Price (€)", format: (value) => (value === null ? "–" : value) },
      "id",
    ];
    const [sheet] = await rawCells(await collect(xlsxChunks(rows, { columns })));
    assert.deepEqual(
      sheet?.map(({ ref, text }) => `${ref}=${text}`),
      ["A1=Price (€)", "B1=id", "A2=12.5", "B2=1", "A3=–", "B3=2"],
    );
  });

  test("counts days as Excel does, with the day that 1900 did not have", async () => {
    const serials: [string, string][] = [
      ["1900-01-01", "1"],
      ["1900-02-28", "59"],
      ["1900-03-01", "61"],
      ["1970-01-01", "25569"],
      ["2000-01-01T12:00:00Z", "36526.5"],
      ["9999-12-31", "2958465"],
      ["1899-12-31", "1899-12-31T00:00:00.000Z"],
      ["+010000-01-01", "+010000-01-01T00:00:00.000Z"],
    ];
    const rows = serials.map(([date]) => [new Date(date)]);
    const [sheet] = await rawCells(await collect(xlsxChunks(rows)));
    assert.deepEqual(
      sheet?.map(({ text }) => text),
      serials.map(([, serial]) => serial),
    );
    assert.deepEqual(new Set(sheet?.slice(0, 6).map(({ style }) => style)), new Set(["2", "3"]));
  });

  test("has a header that is bold and stays in view, wide columns and a filter", async () => {
    const at = new Date("2024-05-01T07:05:09Z");
    const rows = [{ id: 1, at, note: "a".repeat(500), narrow: 1 }];
    const workbook = await collect(xlsxChunks(rows, { widths: { narrow: 3.5 }, autoFilter: true }));
    const sheet = await part(workbook, "xl/worksheets/sheet1.xml");
    assert.match(sheet, /<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/);
    const widths = Array.from(sheet.matchAll(/ width="([\d.]+)"/g), ([, width]) => Number(width));
    assert.deepEqual(widths, [8, 21, 60, 3.5]);
    assert.match(sheet, /<\/sheetData><autoFilter ref="A1:D2"\/><\/worksheet>$/);
    assert.match(await part(workbook, "xl/workbook.xml"), /hidden="1">'Sheet1'!\$A\$1:\$D\$2</);
    const [cells] = await rawCells(workbook);
    assert.deepEqual(new Set(cells?.slice(0, 4).map(({ style }) => style)), new Set(["1"]));
    const plain = await part(
      await collect(xlsxChunks(rows, { header: false })),
      "xl/worksheets/sheet1.xml",
    );
    assert.doesNotMatch(plain, /<pane|autoFilter/);
  });

  test("names columns beyond Z", async () => {
    const row = Array.from({ length: 16_384 }, (_, column) => column);
    const [sheet] = await rawCells(await collect(xlsxChunks([row])));
    const names = [25, 26, 701, 702, 16_383].map((column) => sheet?.[column]?.ref);
    assert.deepEqual(names, ["Z1", "AA1", "ZZ1", "AAA1", "XFD1"]);
  });

  test("has no date of its own, so that the same rows are the same bytes", async () => {
    const make = () => collect(xlsxChunks([{ a: 1 }, { a: 2 }]));
    const first = await make();
    assert.deepEqual(await make(), first);
    const dates = (await openArchive(first)).map(({ modified }) => modified);
    assert.deepEqual(new Set(dates), new Set(["1980-01-01T00:00:00"]));
  });

  test("holds any text, number and date", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.string({
        unit: fc.constantFrom(..."_x0041D\r\n\t <&>\0\u001f\uffff\ud800\udc00 "),
        maxLength: 14,
      }),
    );
    const cell = fc.oneof(
      { weight: 4, arbitrary: text },
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      fc.boolean(),
    );
    const expected = (value: unknown) => {
      if (typeof value === "boolean") return value ? "1" : "0";
      return Object.is(value, -0) ? "0" : String(value).toWellFormed();
    };
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 500 }), async (values) => {
        const rows = values.map((value) => [value]);
        const [sheet = []] = await rawCells(await collect(xlsxChunks([rows])));
        assert.deepEqual(
          sheet.map(({ ref, text: seen }) => [ref, seen]),
          values.flatMap((value, row) => (value === "" ? [] : [[`A${row + 1}`, expected(value)]])),
        );
      }),
      { numRuns: 12 },
    );
  });
});

describe("what a sheet cannot hold", () => {
  const fails = async (rows: unknown, message: RegExp, format?: XlsxFormat<never>) => {
    const chunks = xlsxChunks(rows as unknown[][], format as XlsxFormat<unknown[]>);
    await assert.rejects(collect(chunks), { code: "ROW_INVALID", message });
  };

  test("is an error that names the row and the column", async () => {
    await fails([{ a: 1 }, { a: "x".repeat(32_768) }], /^Row 2 .*column "a" has 32768 characters/);
    await fails([[1, () => {}]], /^Row 1 .*cell 2 is a function/);
    await fails([[Symbol("x")]], /^Row 1 .*cell 1 is a symbol/);
    await fails([[new Date(NaN)]], /^Row 1 .*is an invalid Date/);
    await fails([[new Float64Array(1)]], /^Row 1 .*Float64Array/);
    const circular: { self?: object } = {};
    circular.self = circular;
    await fails([[1, circular]], /^Row 1 .*cell 2 is an object that JSON cannot hold/);
    await fails([[1, 2], [1]], /^Row 2 has 1 cells, and there are 2 columns/);
    await fails([{ a: 1 }, { b: 1 }], /^Row 2 has a key "b"/);
    await fails([[1], { a: 1 }], /^Row 2 is an object/);
    await fails([{}], /^Row 1 has no columns/);
    await fails([[1]], /^Row 1 is an array, and its cells have no names/, { header: true });
    await fails([5], /^Row 1 is a number \(5\)/);
    await fails([new Uint8Array(3)], /^Row 1 is an object of class Uint8Array/);
    await fails([Array.from({ length: 16_385 })], /^Row 1 has 16385 cells, .*16384/);
  });

  test("or an option that cannot be is an error at the call", () => {
    const refused = (options: object, message: RegExp) => {
      assert.throws(() => xlsx([], options as XlsxOptions), message);
      assert.throws(() => xlsxChunks([], options as XlsxFormat), message);
    };
    for (const sheet of ["", "a/b", "a:b", "[x]", "'x", "x'", "x".repeat(32), "history", "\0", 5])
      refused({ sheet }, /^MillraceError|sheet is .*it takes a name of up to 31 characters/);
    refused({ rowsPerSheet: 1 }, /rowsPerSheet is a number \(1\); it takes 2 to 1048576/);
    refused({ rowsPerSheet: 1_048_577 }, /rowsPerSheet/);
    refused({ level: 0 }, /level is/);
    refused({ header: "yes" }, /header is/);
    refused({ autoFilter: 1 }, /autoFilter is/);
    refused({ autoFilter: true, header: false }, /autoFilter needs the header/);
    refused({ widths: 5 }, /widths is/);
    refused({ widths: { a: 300 } }, /widths\.a is/);
    refused({ widths: { b: 10 }, columns: ["a"] }, /widths has "b", which is no column/);
    refused({ columns: [] }, /columns is/);
    refused({ name: "x" }, /has no option "name"/);
    assert.throws(() => xlsx("text" as never), { code: "ROWS_INVALID" });
    assert.throws(() => xlsxChunks(null as never), { code: "ROWS_INVALID" });
  });
});
