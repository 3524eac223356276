import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import { compress, withCompression, type CompressOptions } from "millrace/compress";

import { serving } from "../node/support/serving.ts";
import { getRaw } from "./support/client.ts";
import { decode } from "./support/codings.ts";

const accepting = new Request("http://localhost/", { headers: { "accept-encoding": "gzip" } });
const refusing = new Request("http://localhost/");
const LONG = "text that is long enough ".repeat(100);

function respond(headers: Record<string, string>, init: ResponseInit = {}): Response {
  return new Response(LONG, { ...init, headers: { "content-type": "text/plain", ...headers } });
}

function isCompressed(response: Response, options?: CompressOptions): boolean {
  return compress(response, accepting, options).headers.get("content-encoding") === "gzip";
}

describe("the head of a compressed response", () => {
  test("keeps status, cookies and what is not about the bytes", () => {
    const headers = new Headers({ "content-type": "text/plain", "cache-control": "max-age=60" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    const response = new Response(LONG, { status: 418, statusText: "Teapot", headers });
    const coded = compress(response, accepting);
    assert.equal(coded.status, 418);
    assert.equal(coded.statusText, "Teapot");
    assert.equal(coded.headers.get("cache-control"), "max-age=60");
    assert.deepEqual(coded.headers.getSetCookie(), ["a=1", "b=2"]);
  });

  test("says nothing that was true of the plain bytes", () => {
    const gone = {
      "content-length": String(LONG.length),
      "content-md5": "x",
      digest: "sha-256=x",
      "content-digest": "sha-256=:x:",
      "repr-digest": "sha-256=:x:",
      "accept-ranges": "bytes",
    };
    const { headers } = compress(respond(gone), accepting);
    assert.deepEqual(
      Object.keys(gone).filter((name) => headers.has(name)),
      [],
    );
  });

  test("has a weak ETag where there was a strong one", () => {
    const etagOf = (etag: string, request = accepting) =>
      compress(respond({ etag }), request).headers.get("etag");
    assert.equal(etagOf('"eggs"'), 'W/"eggs"');
    assert.equal(etagOf('W/"eggs"'), 'W/"eggs"');
    assert.equal(etagOf('"eggs"', refusing), '"eggs"');
  });

  for (const [given, expected] of [
    [undefined, "Accept-Encoding"],
    ["Cookie", "Cookie, Accept-Encoding"],
    ["Cookie, accept-encoding", "Cookie, accept-encoding"],
    ["ACCEPT-ENCODING", "ACCEPT-ENCODING"],
    ["*", "*"],
    ["X-Accept-Encoding", "X-Accept-Encoding, Accept-Encoding"],
  ] as const) {
    test(`varies by Accept-Encoding, said once, where Vary was ${given ?? "not there"}`, () => {
      const vary: Record<string, string> = given === undefined ? {} : { vary: given };
      for (const request of [accepting, refusing]) {
        assert.equal(compress(respond(vary), request).headers.get("vary"), expected);
      }
    });
  }

  test("can be made of what fetch returned, whose headers cannot be changed", async (t) => {
    const origin = await serving(t, () => respond({}));
    const proxy = withCompression(() => fetch(origin.url));
    const server = await serving(t, proxy);
    for (const [accept, coding] of [
      ["gzip", "gzip"],
      ["identity", undefined],
    ] as const) {
      const { headers, body } = await getRaw(server.url, { "accept-encoding": accept });
      assert.equal(headers["content-encoding"], coding);
      assert.equal(headers.vary, "Accept-Encoding");
      assert.equal((coding ? decode(coding, body) : body).toString(), LONG);
    }
  });
});

describe("what is compressed", () => {
  test("is text of all kinds, and not what is compressed already", () => {
    const yes =
      "text/plain text/csv text/html;charset=utf-8 TEXT/CSS application/json application/x-ndjson " +
      "application/javascript application/xml image/svg+xml application/ld+json application/vnd.api+json " +
      "application/atom+xml application/wasm text/event-stream application/sql";
    const no =
      "image/png image/jpeg video/mp4 application/zip application/gzip font/woff2 " +
      "application/octet-stream application/pdf application/vnd.apache.parquet application/grpc multipart/byteranges " +
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    const compressible = (type: string) => isCompressed(respond({ "content-type": type }));
    assert.deepEqual(
      yes.split(" ").filter((type) => !compressible(type)),
      [],
    );
    assert.deepEqual(no.split(" ").filter(compressible), []);
    const untyped = new Response(new TextEncoder().encode(LONG));
    assert.equal(isCompressed(untyped), false);
  });

  test("can be decided by the app", () => {
    const types = (type: string) => type.startsWith("application/x-mine");
    assert.equal(isCompressed(respond({ "content-type": "application/x-mine" }), { types }), true);
    assert.equal(isCompressed(respond({}), { types }), false);
  });

  test("is not what has a coding already, also an empty one", () => {
    for (const coding of ["gzip", "br", "identity", ""]) {
      const response = respond({ "content-encoding": coding });
      assert.equal(compress(response, accepting), response);
      assert.equal(response.headers.get("vary"), null);
    }
    const once = compress(respond({}), accepting);
    assert.equal(compress(once, accepting), once);
  });

  test("is not what must not be transformed", () => {
    for (const value of ["no-transform", "public, No-Transform", "no-transform,max-age=1"]) {
      assert.equal(isCompressed(respond({ "cache-control": value })), false);
    }
    assert.equal(isCompressed(respond({ "cache-control": 'private="no-transform-x"' })), true);
  });

  test("is not a part of a representation", () => {
    assert.equal(isCompressed(respond({}, { status: 206 })), false);
    assert.equal(isCompressed(respond({ "content-range": "bytes 0-9/10" })), false);
  });

  for (const status of [204, 205, 304]) {
    test(`is not ${status}, and its source is never started`, async (t) => {
      let started = 0;
      const source = () => {
        started += 1;
        return ["text"];
      };
      const app = withCompression(
        () => new StreamingHttpResponse(source, { status, headers: { etag: '"eggs"' } }),
      );
      const server = await serving(t, app);
      const answer = await getRaw(server.url, { "accept-encoding": "gzip" });
      assert.equal(answer.status, status);
      assert.equal(answer.headers["content-encoding"], undefined);
      assert.equal(answer.headers.etag, '"eggs"');
      assert.equal(answer.body.length, 0);
      assert.equal(started, 0);
    });
  }

  test("is errors too", () => {
    for (const status of [400, 404, 500, 503])
      assert.equal(isCompressed(respond({}, { status })), true);
  });

  test("is not what says that it is short", () => {
    const short = (length: string, options?: CompressOptions) =>
      isCompressed(respond({ "content-length": length }), options);
    assert.equal(short("1023"), false);
    assert.equal(short("1024"), true);
    assert.equal(short("199", { minimumSize: 200 }), false);
    assert.equal(short("0", { minimumSize: 0 }), true);
  });

  test("of HEAD is the head alone, and no source is started", async (t) => {
    let started = 0;
    const source = () => {
      started += 1;
      return [LONG];
    };
    const bodies = {
      "/ours": () => new StreamingHttpResponse(source, { contentType: "text/plain" }),
      "/plain": () => respond({}),
    };
    const app = withCompression((request: Request) =>
      bodies[new URL(request.url).pathname as keyof typeof bodies](),
    );
    const server = await serving(t, app);
    for (const path of Object.keys(bodies)) {
      const { headers } = await fetch(server.url + path, {
        method: "HEAD",
        headers: { "accept-encoding": "gzip" },
      });
      assert.equal(headers.get("content-encoding"), "gzip", path);
      assert.equal(headers.get("vary"), "Accept-Encoding", path);
      assert.equal(headers.get("content-length"), null, path);
    }
    assert.equal(started, 0);
  });
});
