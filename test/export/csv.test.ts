import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  csv,
  csvChunks,
  encodedAs,
  jsonArray,
  jsonArrayChunks,
  ndjson,
  ndjsonChunks,
  type CsvFormat,
  type EncodedStream,
} from "millrace/export";

/** What a table is as CSV; LF ends the records, so that the tests can be read. */
function written(rows: Iterable<unknown>, format: CsvFormat<unknown> = {}): string {
  return Buffer.concat([...csvChunks(rows as unknown[], { lineEnd: "\n", ...format })]).toString();
}

const fails = (code: string, message: RegExp) => ({ code, message });

describe("what is quoted", () => {
  test("fields with a delimiter, a quote or a line break are quoted, and quotes are doubled", () => {
    assert.equal(
      written([["a,b", 'say "hi"', "c\nd", "e\rf", "plain"]]),
      '"a,b","say ""hi""","c\nd","e\rf",plain\n',
    );
    const long = "x".repeat(100);
    assert.equal(
      written([[`${long},`, `${long}"`, `${long}\n`, `${long}\r`, long]]),
      `"${long},","${long}""","${long}\n","${long}\r",${long}\n`,
    );
  });

  test("both kinds of line break are quoted, whatever ends the records", () => {
    for (const lineEnd of ["\n", "\r\n"] as const) {
      assert.equal(
        written([["a\rb", "c\nd", "e\r\nf"]], { lineEnd }),
        `"a\rb","c\nd","e\r\nf"${lineEnd}`,
      );
    }
  });

  test("only the delimiter in use is quoted", () => {
    assert.equal(written([["a,b", "c;d", "e\tf"]], { delimiter: ";" }), 'a,b;"c;d";e\tf\n');
    assert.equal(written([["a,b", "c;d", "e\tf"]], { delimiter: "\t" }), 'a,b\tc;d\t"e\tf"\n');
    assert.equal(
      written([["a|b", "long enough to be written by the runtime | itself"]], { delimiter: "|" }),
      '"a|b"|"long enough to be written by the runtime | itself"\n',
    );
  });

  test("spaces belong to the field and need no quotes", () => {
    assert.equal(written([[" a ", "b"]]), " a ,b\n");
  });

  test("records end with CRLF, the last one too", () => {
    assert.equal(
      Buffer.concat([
        ...csvChunks([
          ["a", 1],
          ["b", 2],
        ]),
      ]).toString(),
      "a,1\r\nb,2\r\n",
    );
  });

  test("a record whose only field is empty is written as two quotes, so that readers do not skip it", () => {
    assert.equal(written([{ a: "" }, { a: null }, { a: "x" }]), 'a\n""\n""\nx\n');
    assert.equal(written([{ a: "", b: "" }]), "a,b\n,\n");
    assert.equal(written([{ "": 1 }]), '""\n1\n');
  });

  test("a record whose only field is \\. is quoted, since COPY takes that for the end", () => {
    assert.equal(written([{ a: "\\." }, { a: "\\.." }]), 'a\n"\\."\n\\..\n');
    assert.equal(written([{ a: "\\.", b: 1 }]), "a,b\n\\.,1\n");
  });

  test("a field that begins with U+FEFF is quoted, so that no reader takes it for a byte order mark", () => {
    assert.equal(written([["\ufeffa", "b"]]), '"\ufeffa",b\n');
    assert.equal(written([[`\ufeff${"long ".repeat(20)}`]]), `"\ufeff${"long ".repeat(20)}"\n`);
    assert.equal(written([{ "\ufeffid": 1 }]), '"\ufeffid"\n1\n');
  });

  test("halves of surrogate pairs become U+FFFD, and whole pairs stay", () => {
    const table = [
      ["a\ud83d", "\ude00b", "😀", "\ud83d,", '"\ude00'],
      [`${"x".repeat(50)}\ud83d`, "", "", "", ""],
    ];
    assert.equal(
      written(table),
      `a\ufffd,\ufffdb,😀,"\ufffd,","""\ufffd"\n${"x".repeat(50)}\ufffd,,,,\n`,
    );
  });

  test("NUL and other control characters stay as they are", () => {
    assert.equal(written([["a\0b", "\u001f", "\u007f"]]), "a\0b,\u001f,\u007f\n");
  });
});

describe("what is written for a value", () => {
  const cell = (value: unknown, format: CsvFormat<unknown> = {}) =>
    written([["x", value]], format).slice(2, -1);

  test("null and undefined are nothing, or the token that stands for them", () => {
    assert.equal(cell(null), "");
    assert.equal(cell(undefined), "");
    assert.equal(cell(null, { nulls: "NULL" }), "NULL");
    assert.equal(cell(undefined, { nulls: "\\N" }), "\\N");
  });

  test("text that reads like the token is quoted", () => {
    assert.equal(written([[null, "NULL", "null"]], { nulls: "NULL" }), 'NULL,"NULL",null\n');
  });

  test("empty text is nothing, or two quotes where it must not be null", () => {
    assert.equal(cell(""), "");
    assert.equal(cell("", { quoteEmpty: true }), '""');
    assert.equal(
      written([{ a: null }, { a: "" }], { quoteEmpty: true, nulls: "\\N" }),
      'a\n\\N\n""\n',
    );
  });

  test("numbers are as in JavaScript, but -0 is 0", () => {
    const numbers = [
      0,
      -0,
      1,
      -1,
      1.5,
      -0.01,
      0.1 + 0.2,
      1e21,
      1e-7,
      2 ** 31,
      -(2 ** 31),
      2 ** 53,
      12.3,
      -99.99,
    ];
    assert.equal(written([numbers]), `${numbers.map((number) => String(number)).join(",")}\n`);
  });

  test("NaN and the infinities are written by their names", () => {
    assert.equal(written([[NaN, Infinity, -Infinity]]), "NaN,Infinity,-Infinity\n");
  });

  test("the decimal separator can be a comma, where another delimiter is used", () => {
    const format = { decimal: ",", delimiter: ";" } as const;
    assert.equal(
      written([[1.5, -0.25, 3, 1e-7, 1.5e300, 7n]], format),
      "1,5;-0,25;3;1e-7;1,5e+300;7\n",
    );
  });

  test("bigints are exact", () => {
    assert.equal(cell(123_456_789_012_345_678_901_234n), "123456789012345678901234");
    assert.equal(cell(-1n), "-1");
  });

  test("booleans are true and false", () => {
    assert.equal(written([[true, false]]), "true,false\n");
  });

  test("dates are ISO 8601 in UTC", () => {
    assert.equal(cell(new Date("2026-07-28T12:00:00+02:00")), "2026-07-28T10:00:00.000Z");
    assert.equal(cell(new Date(8.64e15)), "+275760-09-13T00:00:00.000Z");
  });

  test("bytes are hexadecimal, as PostgreSQL writes and reads them", () => {
    assert.equal(cell(new Uint8Array([0, 10, 255])), "\\x000aff");
    assert.equal(cell(Buffer.from("hi")), "\\x6869");
    assert.equal(cell(new Uint8Array(0)), "\\x");
  });

  test("objects and arrays are JSON, quoted, with bigints as strings", () => {
    assert.equal(cell({ a: [1, "x"] }), '"{""a"":[1,""x""]}"');
    assert.equal(cell([1]), "[1]");
    assert.equal(cell([1, 2n]), '"[1,""2""]"');
  });

  test("an object that says what it is in JSON is written as that", () => {
    assert.equal(cell(new URL("http://localhost/")), "http://localhost/");
    assert.equal(cell({ toJSON: () => 1.5 }), "1.5");
    assert.equal(cell({ toJSON: () => null }), "");
    assert.equal(cell({ toJSON: () => ({ a: 1 }) }), '"{""a"":1}"');
  });

  test("what cannot be written is an error with the row, counted from 1, and the column", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const values = [
      new Date(NaN),
      Symbol("s"),
      () => 1,
      circle,
      new Float32Array(2),
      new ArrayBuffer(2),
      new Map(),
      Promise.resolve(1),
      { deep: [() => 1] },
    ];
    for (const value of values) {
      assert.throws(
        () =>
          written([
            { a: 1, b: 2 },
            { a: 1, b: value },
          ]),
        fails("ROW_INVALID", /^Row 2 cannot be written: column "b" /),
      );
    }
    assert.throws(
      () => written([[1, Symbol("s")]]),
      fails("ROW_INVALID", /^Row 1 cannot be written: cell 2 is a symbol/),
    );
  });

  test("a mistake of a format or a toJSON is told as it is", () => {
    const mistake = new RangeError("no such currency");
    const format = () => {
      throw mistake;
    };
    assert.throws(() => written([{ a: 1 }], { columns: [{ key: "a", format }] }), mistake);
    assert.throws(() => written([["x", { toJSON: format }]]), mistake);
  });
});

describe("columns and header", () => {
  test("the keys of the first row are the columns, and the header", () => {
    assert.equal(
      written([
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ]),
      "id,name\n1,a\n2,b\n",
    );
  });

  test("`columns` picks, orders, labels and formats, and other keys are left out", () => {
    const rows = [
      { id: 1, price: 2.5, secret: "x" },
      { secret: "y", price: 3, id: 2 },
    ];
    const columns = [
      { key: "price", label: "Price (EUR)", format: (value: unknown) => Number(value).toFixed(2) },
      "id",
    ];
    assert.equal(written(rows, { columns }), "Price (EUR),id\n2.50,1\n3.00,2\n");
    assert.equal(written(rows, { columns: ["id"] }), "id\n1\n2\n");
    assert.equal(written(rows, { columns: ["id", "price"] }), "id,price\n1,2.5\n2,3\n");
  });

  test("a format sees the row, objects and arrays alike", () => {
    const format = (value: unknown, row: unknown) => `${String(value)} of ${JSON.stringify(row)}`;
    assert.equal(written([{ a: 1 }], { columns: [{ key: "a", format }] }), 'a\n"1 of {""a"":1}"\n');
    assert.equal(written([[1]], { columns: [{ key: "a", format }] }), "a\n1 of [1]\n");
  });

  test("array rows have a header only with `columns`", () => {
    assert.equal(written([[1, 2]]), "1,2\n");
    assert.equal(written([[1, 2]], { columns: ["a", { key: "b", label: "B" }] }), "a,B\n1,2\n");
    assert.throws(
      () => written([[1, 2]], { header: true }),
      fails("ROW_INVALID", /^Row 1 is an array.*columns/),
    );
  });

  test("the header can be left out", () => {
    assert.equal(written([{ a: 1 }], { header: false }), "1\n");
    assert.equal(written([[1]], { columns: ["a"], header: false }), "1\n");
  });

  test("the header is quoted like any record", () => {
    assert.equal(written([{ "a,b": 1, 'c"': 2 }]), '"a,b","c"""\n1,2\n');
  });

  test("no rows still have the header of `columns`", () => {
    assert.equal(written([], { columns: ["a", "b"] }), "a,b\n");
    assert.equal(written([]), "");
    assert.equal(written([], { columns: ["a"], header: false, bom: true }), "\ufeff");
  });

  test("a key that the first row has not is an error, a missing one is null", () => {
    assert.equal(written([{ a: 1, b: 2 }, { b: 3 }, { b: 4, a: 5 }]), "a,b\n1,2\n,3\n5,4\n");
    assert.throws(
      () => written([{ a: 1 }, { a: 1 }, { a: 2, c: 3 }]),
      fails("ROW_INVALID", /^Row 3 has a key "c", and the first row has not/),
    );
    assert.throws(
      () =>
        written([
          { a: 1, b: 2 },
          { a: 1, c: 2 },
        ]),
      fails("ROW_INVALID", /^Row 2 has a key "c"/),
    );
  });

  test("an array of another length is an error, or is filled up with nulls", () => {
    assert.throws(
      () => written([[1, 2], [3]]),
      fails("ROW_INVALID", /^Row 2 has 1 cells, and there are 2 columns/),
    );
    assert.throws(
      () =>
        written([
          [1, 2],
          [3, 4, 5],
        ]),
      fails("ROW_INVALID", /^Row 2 has 3 cells/),
    );
    assert.throws(
      () => written([[1]], { columns: ["a", "b"] }),
      fails("ROW_INVALID", /^Row 1 has 1 cells/),
    );
    assert.equal(written([[1, 2], [3]], { ragged: "pad", nulls: "-" }), "1,2\n3,-\n");
    assert.throws(
      () =>
        written(
          [
            [1, 2],
            [3, 4, 5],
          ],
          { ragged: "pad" },
        ),
      fails("ROW_INVALID", /^Row 2 has 3 cells/),
    );
  });

  test("what is no row is an error", () => {
    for (const row of [new Uint8Array(2), new Map(), Promise.resolve({ a: 1 })]) {
      const columns = ["a"];
      assert.throws(
        () => written([row], { columns }),
        fails("ROW_INVALID", /^Row 1 is .*A row is an array/),
      );
    }
    for (const row of [1, "text", null, undefined, true]) {
      assert.throws(
        () => written([{ a: 1 }, row]),
        fails("ROW_INVALID", /^Row 2 is .*A row is an array of cells or an object/),
      );
    }
    assert.throws(() => written([{}]), fails("ROW_INVALID", /^Row 1 has no columns/));
    assert.throws(
      () => written([[1], { a: 1 }]),
      fails("ROW_INVALID", /^Row 2 is an object, and the first row is an array/),
    );
  });

  test("rows may be instances of classes, with getters", () => {
    class Order {
      id: number;
      constructor(id: number) {
        this.id = id;
      }
      get double(): number {
        return 2 * this.id;
      }
    }
    assert.equal(written([new Order(1), new Order(2)]), "id\n1\n2\n");
    assert.equal(written([new Order(1)], { columns: ["id", "double"] }), "id,double\n1,2\n");
  });

  test("rows without a prototype and rows with inherited properties are written by their own", () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    const heir = Object.assign(Object.create({ inherited: true }) as object, { a: 2 });
    assert.equal(written([bare, heir]), "a\n1\n2\n");
  });

  test("batches are rows", () => {
    assert.equal(written([[{ a: 1 }, { a: 2 }], [], [{ a: 3 }]]), "a\n1\n2\n3\n");
    assert.equal(
      written([
        [
          [1, 2],
          [3, 4],
        ],
        [5, 6],
      ]),
      "1,2\n3,4\n5,6\n",
    );
  });

  test("a batch of any size gives every row once", () => {
    for (const length of [255, 256, 257, 512, 1000]) {
      const batch = Array.from({ length }, (_, index) => ({ index }));
      assert.equal(
        written([batch, batch]),
        `index\n${batch
          .concat(batch)
          .map(({ index }) => `${index}\n`)
          .join("")}`,
      );
    }
  });
});

describe("spreadsheets", () => {
  const starts = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"];

  test("with `excel` text that would run as a formula gets an apostrophe, numbers do not", () => {
    for (const start of starts) {
      const field = written([["x", `${start}1+1`]], { excel: true }).slice("\ufeffx,".length, -1);
      const quotes = /[\t\r\n]/.test(start) && start !== "\t" ? '"' : "";
      assert.equal(field, `${quotes}'${start}1+1${quotes}`, JSON.stringify(start));
    }
    assert.equal(
      written([[-1, -0.5, -5n, "-1", "a=1", new Date(0)]], { excel: true }),
      "\ufeff-1,-0.5,-5,'-1,a=1,1970-01-01T00:00:00.000Z\n",
    );
  });

  test("quotes in front do not hide a formula", () => {
    assert.equal(written([['"=1+1"', '""@x']], { formulas: "escape" }), `"'""=1+1""","'""""@x"\n`);
  });

  test("long text is looked at as well, and names of columns", () => {
    const link = `=HYPERLINK("http://localhost/?leak="&A1,"click")`;
    assert.equal(
      written([{ "=cmd": link }], { formulas: "escape" }),
      `'=cmd\n"'${link.replaceAll('"', '""')}"\n`,
    );
  });

  test("what an object is in JSON is text too", () => {
    assert.equal(written([["x", { toJSON: () => "=1" }]], { formulas: "escape" }), "x,'=1\n");
  });

  test("formulas can be refused", () => {
    for (const start of starts) {
      assert.throws(
        () => written([{ a: `${start}1` }], { formulas: "reject" }),
        fails("ROW_INVALID", /^Row 1 cannot be written: column "a" begins like a formula/),
      );
    }
    assert.throws(
      () => written([{ "@a": 1 }], { formulas: "reject" }),
      fails("ROW_INVALID", /^The header cannot be written: column "@a"/),
    );
    assert.equal(written([{ a: -1 }], { formulas: "reject" }), "a\n-1\n");
  });

  test("without `excel` nothing is changed", () => {
    assert.equal(written([["=1", "+1", "-1", "@1"]]), "=1,+1,-1,@1\n");
    assert.equal(written([["=1"]], { excel: true, formulas: "keep", bom: false }), "=1\n");
  });

  test("the byte order mark comes once, before the header", () => {
    assert.equal(written([{ a: 1 }], { bom: true }), "\ufeffa\n1\n");
    assert.equal(written([{ a: 1 }], { excel: true, bom: false }), "a\n1\n");
  });

  test("a line can tell Excel the delimiter, but not beside a byte order mark", () => {
    assert.equal(
      written([{ a: 1, b: 2 }], { separatorLine: true, delimiter: ";" }),
      "sep=;\na;b\n1;2\n",
    );
    assert.throws(
      () => written([], { separatorLine: true, excel: true }),
      fails("OPTION_INVALID", /exclude each other/),
    );
    assert.throws(
      () => written([], { separatorLine: true, bom: true }),
      fails("OPTION_INVALID", /exclude each other/),
    );
    assert.equal(
      written([["=1", 2]], { separatorLine: true, excel: true, bom: false }),
      "sep=,\n'=1,2\n",
    );
  });
});

describe("options", () => {
  test("a wrong value is an error at the call that says what is accepted", () => {
    const wrong: Record<string, unknown[]> = {
      delimiter: ["", ",,", '"', "\n", "\r", "a", "1", ".", "-", "+", ":", "\\", "é", "\0", 1],
      lineEnd: ["\r", "", "\n\n", 1],
      formulas: ["yes", true],
      nulls: ['"', "a,b", "\n", 0, null],
      decimal: [";", ",", 1],
      ragged: ["fill", false],
      header: ["yes", 1],
      excel: [1],
      bom: ["utf-8"],
      quoteEmpty: ["always"],
      separatorLine: [";"],
      columns: [[], "id", [1], [{ label: "a" }], ["a", "a"], [{ key: "a", format: "upper" }]],
    };
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values) {
        const expected = (error: Error & { code?: string }) =>
          error.code === "OPTION_INVALID" &&
          error.message.toLowerCase().includes(option.replace(/s$/, "").toLowerCase());
        assert.throws(
          () => csv([], { [option]: value }),
          expected,
          `csv ${option}: ${JSON.stringify(value)}`,
        );
        assert.throws(
          () => csvChunks([], { [option]: value }),
          expected,
          `csvChunks ${option}: ${JSON.stringify(value)}`,
        );
      }
    }
  });

  test("an unknown name is an error that lists the known ones", () => {
    assert.throws(
      () => csv([], { seperator: ";" } as object),
      fails("OPTION_UNKNOWN", /^csv has no option "seperator".*delimiter/),
    );
    assert.throws(
      () => csvChunks([], { filename: "x" } as object),
      fails("OPTION_UNKNOWN", /^csvChunks has no option "filename"/),
    );
    assert.throws(
      () => csv([], { columns: [{ key: "a", title: "A" } as never] }),
      fails("OPTION_UNKNOWN", /title/),
    );
  });

  test("what is no stream of rows is an error at the call", () => {
    for (const rows of [undefined, null, 1, "id,name", {}, new Uint8Array(2)]) {
      assert.throws(() => csv(rows as never), fails("ROWS_INVALID", /^The rows of an export are/));
      assert.throws(
        () => csvChunks(rows as never),
        fails("ROWS_INVALID", /^The rows of an export are/),
      );
    }
    assert.throws(() => csvChunks((() => []) as never), fails("ROWS_INVALID", /a function/));
  });
});

describe("the content type", () => {
  const typeOf = (...parameters: Parameters<typeof csv<unknown>>) =>
    csv(...parameters).headers.get("content-type");

  test("it says whether there is a header, where that is known", () => {
    assert.equal(typeOf([], { columns: ["a"] }), "text/csv; charset=utf-8; header=present");
    assert.equal(typeOf([], { header: true }), "text/csv; charset=utf-8; header=present");
    assert.equal(typeOf([], { header: false }), "text/csv; charset=utf-8; header=absent");
    assert.equal(typeOf([]), "text/csv; charset=utf-8");
  });

  test("it can be another", () => {
    assert.equal(
      typeOf([], { contentType: "text/plain; charset=utf-8" }),
      "text/plain; charset=utf-8",
    );
    assert.equal(typeOf([], { headers: { "content-type": "text/x-csv" } }), "text/x-csv");
  });
});

describe("rows that are CSV already", () => {
  function encoded(chunks: string[]): EncodedStream {
    let rows = 0;
    return {
      [encodedAs]: "csv",
      get rows() {
        return rows;
      },
      async *[Symbol.asyncIterator]() {
        for (const chunk of chunks) {
          rows += 1;
          yield Buffer.from(chunk);
        }
      },
    };
  }

  test("they are sent as they are, and counted by those who make them", async () => {
    const { promise, resolve } = Promise.withResolvers<{ rows: number }>();
    const ways = [
      encoded(["a,b\n", "1,2\n"]),
      Promise.resolve(encoded(["a,b\n", "1,2\n"])),
      () => encoded(["a,b\n", "1,2\n"]),
      async () => encoded(["a,b\n", "1,2\n"]),
    ];
    for (const rows of ways) {
      const response = csv(rows, { filename: "orders.csv", onClose: resolve });
      assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
      assert.equal(await response.text(), "a,b\n1,2\n");
      assert.equal((await promise).rows, 2);
    }
  });

  test("without a response they pass as they are, too", async () => {
    const parts: Uint8Array[] = [];
    for await (const chunk of csvChunks(encoded(["a\n", "1\n"]))) parts.push(chunk);
    assert.equal(Buffer.concat(parts).toString(), "a\n1\n");
    assert.throws(
      () => csvChunks(encoded([]), { excel: true }),
      fails("OPTION_INVALID", /CSV already/),
    );
  });

  test("no other format is made of them", async () => {
    const message = /^These rows are CSV already/;
    for (const format of [
      ndjson<unknown>,
      jsonArray<unknown>,
      ndjsonChunks<unknown>,
      jsonArrayChunks<unknown>,
    ]) {
      assert.throws(() => format(encoded([])), fails("ROWS_INVALID", message));
    }
    await assert.rejects(ndjson(() => encoded([])).text(), fails("ROWS_INVALID", message));
  });

  test("an option that would change the bytes is an error, at the call where that can be seen", async () => {
    const changes: CsvFormat[] = [
      { columns: ["a"] },
      { delimiter: ";" },
      { header: false },
      { excel: true },
      { nulls: "" },
    ];
    for (const change of changes) {
      const message = /cannot be applied: these rows are CSV already/;
      assert.throws(() => csv(encoded([]) as never, change), fails("OPTION_INVALID", message));
      await assert.rejects(csv((() => encoded([])) as never, change).text(), { message });
    }
  });
});
