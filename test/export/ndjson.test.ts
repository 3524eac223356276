import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";
import { ndjson, ndjsonChunks, type JsonFormat } from "millrace/export";

import { missing } from "../support/required.ts";
import { python } from "./support/python.ts";

function written(rows: Iterable<unknown>, format: JsonFormat<unknown> = {}): string {
  return Buffer.concat([...ndjsonChunks(rows as unknown[], format)]).toString();
}

describe("a line of NDJSON", () => {
  test("is a row as JSON.stringify has it, whatever the row is", () => {
    const rows = [{ id: 1, name: "a" }, { other: true }, ["x", 2], 3, "text", null, true];
    assert.equal(written(rows), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    assert.equal(written([]), "");
  });

  test("never breaks in the middle", () => {
    const text = written([{ a: "x\ny\r\n\u2028\u2029\u0085" }]);
    assert.equal(text, '{"a":"x\\ny\\r\\n\u2028\u2029\u0085"}\n');
    assert.equal(text.split("\n").length, 2);
  });

  test("has dates as their toJSON, leaves undefined out, and has null for what is no number", () => {
    assert.equal(
      written([
        {
          at: new Date(0),
          never: new Date(NaN),
          gone: undefined,
          no: NaN,
          far: Infinity,
          zero: -0,
        },
      ]),
      '{"at":"1970-01-01T00:00:00.000Z","never":null,"no":null,"far":null,"zero":0}\n',
    );
    assert.equal(written([{ toJSON: () => ({ said: "it" }) }]), '{"said":"it"}\n');
  });

  test("has bigints as strings, at any depth", () => {
    assert.equal(
      written([{ id: 1 }, { id: 2n }, { id: 3 }, { deep: [{ id: 2n ** 64n }] }, 5n]),
      '{"id":1}\n{"id":"2"}\n{"id":3}\n{"deep":[{"id":"18446744073709551616"}]}\n"5"\n',
    );
  });

  test("has halves of surrogate pairs escaped, so that nothing is lost", () => {
    assert.equal(written([{ a: "x\ud83d" }, { b: "😀" }]), '{"a":"x\\ud83d"}\n{"b":"😀"}\n');
  });

  test("cannot hold functions, symbols, bytes, Maps, Sets and circles: an error with the row, counted from 1", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const values = [
      () => 1,
      Symbol("s"),
      new Uint8Array(1),
      Buffer.from("x"),
      new Map(),
      new Set(),
      circle,
      new DataView(new ArrayBuffer(1)),
    ];
    for (const value of values) {
      for (const row of [{ a: 1, value }, ["x", value], { a: { b: [1, { value }] } }]) {
        assert.throws(() => written([{ fine: 1 }, row]), {
          code: "ROW_INVALID",
          message: /^Row 2 (has|cannot be written)/,
        });
      }
    }
    for (const row of [
      undefined,
      () => 1,
      Symbol("s"),
      new Uint8Array(2),
      new Map(),
      Promise.resolve(1),
    ]) {
      assert.throws(() => written([1, 2, row]), { code: "ROW_INVALID", message: /^Row 3 is/ });
    }
  });

  test("is written for instances of classes too, whose inherited methods are no data", () => {
    class Modern {
      id = 1;
      method(): void {}
    }
    function Old(this: { id: number }) {
      this.id = 2;
    }
    Old.prototype.method = () => {};
    const old = Reflect.construct(Old, []) as unknown;
    assert.equal(written([new Modern(), old, Object.create(null)]), '{"id":1}\n{"id":2}\n{}\n');
  });

  test("a mistake of a toJSON ends the export with that mistake, or with the row that had it", () => {
    const mistake = new RangeError("too far");
    assert.throws(
      () =>
        written([
          {
            toJSON: () => {
              throw mistake;
            },
          },
        ]),
      mistake,
    );
    const cause = new TypeError("no such thing\nat all");
    assert.throws(
      () =>
        written([
          {
            toJSON: () => {
              throw cause;
            },
          },
        ]),
      {
        code: "ROW_INVALID",
        message: "Row 1 cannot be written as JSON: TypeError: no such thing",
        cause,
      },
    );
  });
});

describe("columns of NDJSON", () => {
  test("pick, order, rename and format", () => {
    const rows = [{ id: 1, price: 2, secret: "x" }, { price: 3, id: 2 }, { id: 3 }];
    const format = (value: unknown) => (value === undefined ? undefined : Number(value) * 100);
    const columns = [{ key: "price", label: "cents", format }, "id"];
    assert.equal(
      written(rows, { columns }),
      '{"cents":200,"id":1}\n{"cents":300,"id":2}\n{"id":3}\n',
    );
  });

  test("name the cells of arrays", () => {
    assert.equal(
      written(
        [
          [1, "a"],
          [2, null],
        ],
        { columns: ["id", "name"] },
      ),
      '{"id":1,"name":"a"}\n{"id":2,"name":null}\n',
    );
    assert.throws(() => written([[1]], { columns: ["id", "name"] }), {
      code: "ROW_INVALID",
      message: /^Row 1 has 1 cells, and there are 2 columns/,
    });
  });

  test("are for rows that have some", () => {
    for (const row of [1, "text", null, undefined]) {
      assert.throws(() => written([{ id: 1 }, row], { columns: ["id"] }), {
        code: "ROW_INVALID",
        message: /^Row 2 is/,
      });
    }
  });

  test("keep names that mean something to JavaScript", () => {
    const row = JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as object;
    const columns = ["constructor", "__proto__", "toString"];
    assert.equal(
      written([row, row], { columns }),
      '{"constructor":2,"__proto__":1,"toString":3}\n'.repeat(2),
    );
  });

  test("cannot have one label twice", () => {
    const columns = ["a", { key: "b", label: "a" }];
    for (const make of [ndjson<unknown>, ndjsonChunks<unknown>]) {
      assert.throws(() => make([], { columns }), { code: "OPTION_INVALID", message: /"a" twice/ });
    }
  });
});

test("batches are rows", () => {
  assert.equal(written([[{ a: 1 }, { a: 2 }], [], [[1], [2]]]), '{"a":1}\n{"a":2}\n[1]\n[2]\n');
});

test("an unknown option is an error that lists the known ones", () => {
  assert.throws(() => ndjson([], { delimiter: ";" } as object), {
    code: "OPTION_UNKNOWN",
    message: /^ndjson has no.*columns/,
  });
  assert.throws(() => ndjsonChunks([], { filename: "x" } as object), {
    code: "OPTION_UNKNOWN",
    message: /^ndjsonChunks has no.*columns/,
  });
});

describe("any JSON value", () => {
  const rows = fc.array(
    fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.oneof(fc.string(), fc.double(), fc.boolean())),
    ),
    { maxLength: 10 },
  );

  test("is read back by JSON.parse, line by line", () => {
    fc.assert(
      fc.property(rows, (given) => {
        const lines = written([given]).split("\n");
        assert.equal(lines.pop(), "");
        const expected = given.map((row) => JSON.parse(JSON.stringify(row)) as unknown);
        assert.deepEqual(
          lines.map((line) => JSON.parse(line) as unknown),
          expected,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test("is read back by Python", { skip: missing("python3") }, async () => {
    const given = fc.sample(rows, 300).flat();
    const program = `
import json, sys
print(json.dumps([json.loads(line) for line in sys.stdin.buffer]))`;
    const read = await python<unknown[]>(program, Buffer.from(written([given])));
    assert.deepEqual(
      read,
      given.map((row) => JSON.parse(JSON.stringify(row)) as unknown),
    );
  });
});
