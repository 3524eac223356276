import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, test } from "node:test";

import * as fc from "fast-check";
import { StreamingHttpResponse } from "millrace";
import { compress, type CompressOptions } from "millrace/compress";

/** The coding that a request with this field gets; `plain` for none. */
function codingFor(
  acceptEncoding: string | undefined,
  { type = "text/csv", ...options }: CompressOptions & { type?: string } = {},
): string {
  const headers = acceptEncoding === undefined ? {} : { "accept-encoding": acceptEncoding };
  const request = new Request("http://localhost/", { headers });
  const response = new Response("text", { headers: { "content-type": type } });
  return compress(response, request, options).headers.get("content-encoding") ?? "plain";
}

/** RFC 9110 12.5.3, in examples. */
const cases: readonly [field: string | undefined, coding: string][] = [
  [undefined, "plain"],
  ["", "plain"],
  ["gzip", "gzip"],
  ["GZip", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
  ["deflate, compress", "plain"],
  ["identity", "plain"],
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate, br", "br"],
  ["*", "zstd"],
  ["zstd;q=0, *", "br"],
  ["gzip, *;q=0", "gzip"],
  ["*;q=0", "plain"],
  ["gzip;q=0", "plain"],
  ["gzip;q=0.000", "plain"],
  ["gzip; Q=0", "plain"],
  ["gzip;q=0.001", "gzip"],
  ["gzip;q=1, br;q=0.9, zstd;q=0.8", "gzip"],
  ["zstd;q=0.5, br;q=0.5, gzip;q=0.5", "zstd"],
  ["gzip;q=0.5, identity", "plain"],
  ["gzip;q=0.5, identity;q=0.5", "gzip"],
  ["gzip;q=0.4, identity;q=0.5", "plain"],
  ["identity;q=0", "plain"], // there is nothing else to send
  ["identity;q=0, gzip;q=0.1", "gzip"],
  ["identity;q=0, gzip;q=0", "plain"],
  [" \t gzip\t;\tq=0.7 , ,", "gzip"],
  ["gzip;q=nonsense", "plain"],
  ["gzip;q=-1", "plain"],
  ["gzip q=0", "plain"],
  [",;=,", "plain"],
  ['gzip;x="a, br"', "gzip"],
];

describe("Accept-Encoding", () => {
  for (const [field, coding] of cases) {
    const what = field === undefined ? "a request without the field" : JSON.stringify(field);
    test(`${what} gets ${coding}`, () => assert.equal(codingFor(field), coding));
  }

  for (const type of ["text/html", "text/html; charset=utf-8", "Text/Event-Stream"]) {
    test(`${type} is coded in gzip if the client likes all equally`, () => {
      assert.equal(codingFor("gzip, deflate, br, zstd", { type }), "gzip");
      assert.equal(codingFor("br, zstd", { type }), "zstd");
      assert.equal(codingFor("gzip;q=0.9, br", { type }), "br");
    });
  }

  test("the order of `codings` decides among what the client likes equally", () => {
    assert.equal(codingFor("gzip, br, zstd", { codings: ["br", "gzip"] }), "br");
    assert.equal(codingFor("gzip, br;q=0.9", { codings: ["br", "gzip"] }), "gzip");
    assert.equal(codingFor("zstd", { codings: ["br", "gzip"] }), "plain");
    assert.equal(codingFor("gzip", { codings: [] }), "plain");
  });

  test("whatever is in the field, it is answered, and only in what it names", () => {
    const word = fc.constantFrom(
      "gzip",
      "br",
      "zstd",
      "*",
      "identity",
      "deflate",
      "q",
      "__proto__",
    );
    const mark = fc.constantFrom(
      ";",
      ",",
      "=",
      ";q=",
      "0",
      "1",
      "0.5",
      " ",
      "\t",
      '"',
      "\\",
      "é",
      "-",
    );
    const field = fc.oneof(
      fc.array(fc.oneof(word, mark), { maxLength: 16 }).map((parts) => parts.join("")),
      fc.string({
        maxLength: 200,
        unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
      }),
    );
    fc.assert(
      fc.property(field, (text) => {
        const coding = codingFor(text);
        assert.ok(coding === "plain" || text.includes("*") || text.toLowerCase().includes(coding));
      }),
      { numRuns: 5_000 },
    );
  });

  test("a field of 16 KB is answered too", () => {
    for (const part of ["gzip,", "a;q=0.1,", ";", '"', 'a;b="\\']) {
      codingFor(part.repeat(16_384 / part.length));
    }
    assert.equal(codingFor(`${"a,".repeat(8_000)}gzip`), "gzip");
  });

  test("is read from a request of node:http too", () => {
    const codingOf = (headers: IncomingHttpHeaders) =>
      compress(new StreamingHttpResponse(["text"]), { headers }).headers.get("content-encoding");
    assert.equal(codingOf({ "accept-encoding": "gzip, br" }), "gzip");
    assert.equal(codingOf({ get: "gzip" } as IncomingHttpHeaders), null);
    assert.equal(codingOf({}), null);
  });
});
