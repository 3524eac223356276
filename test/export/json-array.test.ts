import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";
import { jsonArray, jsonArrayChunks, type JsonFormat } from "millrace/export";

import { curl } from "../support/curl.ts";
import { serving } from "../node/support/serving.ts";

function written(rows: Iterable<unknown>, format: JsonFormat<unknown> = {}): string {
  return Buffer.concat([...jsonArrayChunks(rows as unknown[], format)]).toString();
}

test("the rows are one array, each on a line of its own", () => {
  assert.equal(written([{ id: 1 }, { id: 2 }]), '[{"id":1},\n{"id":2}]');
  assert.equal(written([["x", 1], 2, null]), '[["x",1],\n2,\nnull]');
});

test("no rows are an empty array", async () => {
  assert.equal(written([]), "[]");
  assert.equal(await jsonArray([]).text(), "[]");
  assert.equal(await jsonArray((async function* () {})()).text(), "[]");
});

test("columns pick, order, rename and format, and batches are rows", () => {
  const columns = [
    { key: "price", label: "cents", format: (value: unknown) => Number(value) * 100 },
    "id",
  ];
  const rows = [
    [
      { id: 1, price: 2 },
      { id: 2, price: 3 },
    ],
    [],
    [[4, 3]],
  ];
  assert.equal(
    written(rows, { columns }),
    '[{"cents":200,"id":1},\n{"cents":300,"id":2},\n{"cents":400,"id":3}]',
  );
});

test("any rows are what JSON.parse reads back", () => {
  const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 10 });
  fc.assert(
    fc.property(rows, (given) => {
      assert.deepEqual(JSON.parse(written([given])), JSON.parse(JSON.stringify(given)));
    }),
    { numRuns: 1_000 },
  );
});

test("an export that failed is no JSON, and its client can tell", async (t) => {
  async function* failing() {
    yield { id: 1 };
    throw new Error("gone");
  }
  const server = await serving(t, () => jsonArray(failing()));
  const { code, text } = await curl([server.url]);
  assert.equal(code, 18);
  assert.equal(text, '[{"id":1}');
});

test("a query that fails at once is a 500 without a bracket", async (t) => {
  async function* failing() {
    throw new Error("no such table");
  }
  const server = await serving(t, () => jsonArray(failing()));
  const { text } = await curl(["-i", server.url]);
  assert.match(text, /^HTTP\/1.1 500 /);
  assert.doesNotMatch(text, /\[/);
});

test("an unknown option is an error that lists the known ones", () => {
  const unknown = {
    code: "OPTION_UNKNOWN",
    message: /^jsonArray(Chunks)? has no option "wrap".*columns/,
  };
  assert.throws(() => jsonArray([], { wrap: "rows" } as object), unknown);
  assert.throws(() => jsonArrayChunks([], { wrap: "rows" } as object), unknown);
});
