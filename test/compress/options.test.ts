import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import { compress, withCompression } from "millrace/compress";

import { bytesOf } from "../response/support/read.ts";

const request = new Request("http://localhost/");
const app = () => new Response("text");

/** Wrong options, and what the error says about them. */
const mistakes: readonly [options: object, code: string, message: RegExp][] = [
  [
    { level: 3 },
    "OPTION_UNKNOWN",
    /no option "level".*codings, levels, minimumSize, types, randomBytes/,
  ],
  [{ levels: { deflate: 3 } }, "OPTION_UNKNOWN", /levels has no option "deflate".*gzip, br, zstd/],
  [{ codings: ["deflate"] }, "OPTION_INVALID", /codings is deflate; it takes gzip, br and zstd/],
  [{ codings: ["toString"] }, "OPTION_INVALID", /codings is toString/],
  [{ codings: "gzip" }, "OPTION_INVALID", /codings is gzip; it takes a list/],
  [{ levels: { gzip: 0 } }, "OPTION_INVALID", /levels.gzip is 0; it takes an integer from 1 to 9/],
  [{ levels: { gzip: 10 } }, "OPTION_INVALID", /levels.gzip is 10/],
  [{ levels: { br: 12 } }, "OPTION_INVALID", /levels.br is 12; it takes an integer from 0 to 11/],
  [
    { levels: { zstd: 1.5 } },
    "OPTION_INVALID",
    /levels.zstd is 1.5; it takes an integer from 1 to 22/,
  ],
  [{ levels: { zstd: "3" } }, "OPTION_INVALID", /levels.zstd is 3/],
  [{ minimumSize: -1 }, "OPTION_INVALID", /minimumSize is -1/],
  [{ minimumSize: NaN }, "OPTION_INVALID", /minimumSize is NaN/],
  [{ minimumSize: Infinity }, "OPTION_INVALID", /minimumSize is Infinity/],
  [{ minimumSize: "1kb" }, "OPTION_INVALID", /minimumSize is 1kb/],
  [{ randomBytes: -1 }, "OPTION_INVALID", /randomBytes is -1; it takes an integer from 0 to 65535/],
  [{ randomBytes: 65_536 }, "OPTION_INVALID", /randomBytes is 65536/],
  [{ randomBytes: true }, "OPTION_INVALID", /randomBytes is true/],
  [{ types: ["text/html"] }, "OPTION_INVALID", /types is text\/html; it takes a function/],
];

describe("a mistake in the options is an error at the call", () => {
  for (const [options, code, message] of mistakes) {
    test(`${JSON.stringify(options)} is ${code}`, () => {
      assert.throws(() => compress(app(), request, options), { code, message });
      assert.throws(() => withCompression(app, options), { code, message });
    });
  }

  test("also around an app that is none", () => {
    for (const wrong of [undefined, null, 5, "app", {}, { fetch: "text" }]) {
      assert.throws(() => withCompression(wrong as never), {
        code: "APP_INVALID",
        message: /object with such a `fetch`/,
      });
    }
  });

  test("and every option there is can be left undefined", () => {
    const options = {
      codings: undefined,
      levels: undefined,
      minimumSize: undefined,
      types: undefined,
      randomBytes: undefined,
    };
    assert.equal(compress(app(), request, options).status, 200);
    assert.equal(typeof withCompression(app, options), "function");
  });

  test("and every level that is allowed codes", async () => {
    const levels = [
      ...Array.from({ length: 9 }, (_, index) => ({ gzip: index + 1 })),
      ...Array.from({ length: 12 }, (_, index) => ({ br: index })),
      ...Array.from({ length: 22 }, (_, index) => ({ zstd: index + 1 })),
    ];
    for (const level of levels) {
      const coding = Object.keys(level)[0] ?? "";
      const response = compress(
        new StreamingHttpResponse(["text ".repeat(20_000)], { contentType: "text/plain" }),
        new Request("http://localhost/", { headers: { "accept-encoding": coding } }),
        { levels: level },
      );
      assert.equal(response.headers.get("content-encoding"), coding);
      assert.ok((await bytesOf(response)).length < 5_000, JSON.stringify(level));
    }
  });

  test("a response that was used before cannot be compressed", async () => {
    const gzip = new Request("http://localhost/", { headers: { "accept-encoding": "gzip" } });
    const plain = new Response("text", { headers: { "content-type": "text/plain" } });
    await plain.text();
    assert.throws(() => compress(plain, gzip), { code: "SOURCE_USED" });
    const ours = new StreamingHttpResponse(["text"]);
    compress(ours, gzip);
    assert.throws(() => compress(ours, gzip), { code: "SOURCE_USED" });
    await assert.rejects(ours.text(), { code: "SOURCE_USED" });
  });
});
