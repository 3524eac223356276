import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { exportRows, type ExportRowsOptions } from "millrace/export";

import { serving } from "../node/support/serving.ts";
import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { rawCells } from "./support/workbook.ts";

interface Order {
  id: number;
  name: string;
}

const orders: Order[] = [
  { id: 1, name: "a, b" },
  { id: 2, name: "日本" },
];
const types = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson",
  json: "application/json",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
};

function ask(path: string, accept?: string): Request {
  return new Request(
    `http://localhost${path}`,
    accept === undefined ? {} : { headers: { accept } },
  );
}

/** What the answer says it is; without its rows being read. */
function typeFor(path: string, accept?: string, options: Partial<ExportRowsOptions<Order>> = {}) {
  const response = exportRows(() => orders, { request: ask(path, accept), ...options });
  void response.body?.cancel();
  return response.headers.get("content-type")?.replace(/; header=.*/, "");
}

describe("the format", () => {
  test("is that of the extension, whatever Accept says", () => {
    assert.equal(typeFor("/orders.csv", types.json), types.csv);
    assert.equal(typeFor("/orders.ndjson?q=1.csv"), types.ndjson);
    assert.equal(typeFor("/orders.jsonl"), types.ndjson);
    assert.equal(typeFor("/a.csv/orders.JSON"), types.json);
    assert.equal(typeFor("/orders.xlsx", "text/html"), types.xlsx);
  });

  test("is what Accept likes best, without an extension that is one of theirs", () => {
    for (const path of ["/orders", "/orders.php", "/v1.2", "/", "/orders.json/"]) {
      assert.equal(typeFor(path, types.json), types.json);
      assert.equal(
        typeFor(path, "application/json;q=0.5, application/x-ndjson;q=0.6"),
        types.ndjson,
      );
      assert.equal(typeFor(path, types.xlsx), types.xlsx);
    }
    assert.equal(typeFor("/", "application/jsonl"), types.ndjson);
    assert.equal(typeFor("/", "text/*"), types.csv);
    assert.equal(typeFor("/", "APPLICATION/JSON; charset=UTF-8"), types.json);
    assert.equal(typeFor("/", "*/*, text/csv;q=0"), types.ndjson);
    assert.equal(typeFor("/orders.csv", types.json, { formats: ["json", "xlsx"] }), types.json);
  });

  test("is the first one for those who take any", () => {
    const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (const accept of [undefined, "", " ", "*/*", "*/*;q=0.1", browser]) {
      assert.equal(typeFor("/orders", accept), types.csv);
      assert.equal(typeFor("/orders", accept, { formats: ["json", "csv"] }), types.json);
    }
  });
});

describe("the answer", () => {
  test("has the same rows in each format", { skip: missing("python3") }, async () => {
    const options = { columns: ["id", { key: "name", label: "Name" }] as const };
    const read = (extension: string) =>
      exportRows(() => orders, { request: ask(`/orders.${extension}`), ...options });
    assert.equal(await read("csv").text(), 'id,Name\r\n1,"a, b"\r\n2,日本\r\n');
    assert.deepEqual(
      (await read("ndjson").text())
        .trim()
        .split("\n")
        .map((line) => Object.values(JSON.parse(line) as object)),
      [
        [1, "a, b"],
        [2, "日本"],
      ],
    );
    assert.equal(((await read("json").json()) as unknown[]).length, 2);
    const [sheet] = await rawCells(new Uint8Array(await read("xlsx").arrayBuffer()));
    assert.deepEqual(
      sheet?.map(({ text }) => text),
      ["id", "Name", "1", "a, b", "2", "日本"],
    );
  });

  test("varies by Accept where that was looked at", () => {
    const vary = (path: string, given?: ExportRowsOptions["headers"]) => {
      const response = exportRows(orders, {
        request: ask(path, types.csv),
        ...(given === undefined ? {} : { headers: given }),
      });
      void response.body?.cancel();
      return response.headers.get("vary");
    };
    assert.equal(vary("/orders"), "Accept");
    assert.equal(vary("/orders.csv"), null);
    assert.equal(vary("/orders", { vary: "Cookie", "x-a": "1" }), "Cookie, Accept");
  });

  test("is saved under a name with the right extension", () => {
    const name = (filename: string) => {
      const response = exportRows(orders, { request: ask("/x.xlsx"), filename });
      void response.body?.cancel();
      return response.headers.get("content-disposition");
    };
    assert.match(name("orders") ?? "", /filename="?orders\.xlsx"?$/);
    assert.match(name("orders.csv") ?? "", /filename="?orders\.xlsx"?$/);
    assert.match(name("v1.2") ?? "", /filename="?v1\.2\.xlsx"?$/);
  });

  test("has the options of its format", async () => {
    const request = ask("/orders.csv");
    const response = exportRows(() => orders, {
      request,
      csv: { delimiter: ";", excel: true },
      xlsx: { sheet: "Orders" },
      headers: { "x-a": "1" },
    });
    assert.equal(response.headers.get("x-a"), "1");
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(bytes.toString("utf8"), "\ufeffid;name\r\n1;a, b\r\n2;日本\r\n");
  });
});

describe("nothing starts", () => {
  test("for a request that takes none of the formats: a 406 lists them", async () => {
    let started = false;
    const rows = () => {
      started = true;
      return orders;
    };
    for (const accept of ["text/html", "garbage", "*/*;q=0", ",;=,"]) {
      const response = exportRows(rows, {
        request: ask("/orders", accept),
        formats: ["xlsx", "csv"],
        headers: { "access-control-allow-origin": "*" },
      });
      assert.equal(response.status, 406);
      assert.equal(response.headers.get("vary"), "Accept");
      assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      assert.equal(await response.text(), `Ask for one of these types:\n${types.xlsx}\ntext/csv\n`);
    }
    assert.equal(started, false);
  });

  test("and rows that were made are closed", async () => {
    for (const promised of [false, true]) {
      let closed = false;
      const rows: AsyncIterableIterator<Order> = {
        next: () => assert.fail("they were read"),
        async return() {
          closed = true;
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]: () => rows,
      };
      const request = ask("/orders", "text/html");
      exportRows(promised ? Promise.resolve(rows) : rows, { request });
      await eventually(() => closed);
    }
  });

  test("for a HEAD, which has the headers of a GET", async (t) => {
    let started = 0;
    const rows = () => {
      started += 1;
      return orders;
    };
    const server = await serving(t, (request) => exportRows(rows, { request }));
    const { code, text } = await curl([`${server.url}/orders.xlsx`, "--head"]);
    assert.equal(code, 0);
    assert.match(text.toLowerCase(), /^http\/1\.1 200 ok\r\n.*spreadsheetml/s);
    assert.equal(started, 0);
    const body = await curl([`${server.url}/orders`, "-H", `Accept: ${types.json}`]);
    assert.equal((JSON.parse(body.text) as unknown[]).length, 2);
    assert.equal(started, 1);
  });
});

test("a mistake in the options is an error, whichever format is asked for", () => {
  const refused = (options: object, message: RegExp) => {
    const given = { request: ask("/orders.json"), ...options } as ExportRowsOptions<Order>;
    assert.throws(() => exportRows(orders, given), message);
  };
  refused({ request: undefined }, /request is undefined; it takes the Request/);
  refused({ request: "/orders" }, /request is a string/);
  refused({ formats: [] }, /formats is \[\]; it takes an array of "csv", "ndjson", "json", "xlsx"/);
  refused({ formats: ["pdf"] }, /formats is \["pdf"\]/);
  refused({ format: "csv" }, /exportRows has no option "format"/);
  refused({ contentType: "text/x" }, /no option "contentType"/);
  refused({ csv: { delimeter: ";" } }, /csv of exportRows has no option "delimeter"/);
  refused({ csv: { delimiter: "xx" } }, /delimiter is/);
  refused({ csv: { columns: ["id"] } }, /no option "columns"/);
  refused({ xlsx: { sheet: "a/b" } }, /sheet is/);
  refused({ columns: [] }, /columns is/);
  refused({ filename: "" }, /filename/);
  assert.throws(() => exportRows(5 as never, { request: ask("/") }), { code: "ROWS_INVALID" });
});
