// What Django's own tests promise of compressed streams. Which test stands for which is in docs/coming-from-django.md.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { StreamingHttpResponse, type Source } from "millrace";
import { withCompression, type CompressOptions } from "millrace/compress";
import { file } from "millrace/export";

import { serving } from "../node/support/serving.ts";
import { getRaw } from "./support/client.ts";

const gzip = { "accept-encoding": "gzip" };
const SEQUENCE = ["a".repeat(500), "b".repeat(200), "a".repeat(300)];
const UNICODE = ["éèü".repeat(500), "😀".repeat(200), "ยูนิโค้ด".repeat(300)];

function respond(source: Source, options?: CompressOptions) {
  return withCompression(
    () => new StreamingHttpResponse(source, { headers: { "content-length": "1000" } }),
    { minimumSize: 0, ...options },
  );
}

describe("compression, as in Django", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-django-gzip-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  test("a stream is compressed and has no length any more", async (t) => {
    for (const source of [() => SEQUENCE, () => SEQUENCE.values()]) {
      const server = await serving(t, respond(source));
      const { headers, body } = await getRaw(server.url, gzip);
      assert.equal(headers["content-encoding"], "gzip");
      assert.equal(headers["content-length"], undefined);
      assert.equal(gunzipSync(body).toString(), SEQUENCE.join(""));
    }
  });

  test("an async stream is compressed, as one member", async (t) => {
    const source = async function* () {
      for (const part of SEQUENCE) {
        yield part;
        await new Promise(setImmediate);
      }
    };
    const server = await serving(t, respond(source));
    const { headers, body } = await getRaw(server.url, gzip);
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(headers["content-length"], undefined);
    assert.equal(gunzipSync(body).toString(), SEQUENCE.join(""));
    assert.equal(body.readUInt32LE(body.length - 4), 1_000, "the last member has all of it");
  });

  test("text beyond ASCII is compressed", async (t) => {
    const app = withCompression(() => new StreamingHttpResponse(UNICODE));
    const { headers, body } = await getRaw((await serving(t, app)).url, gzip);
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(gunzipSync(body).toString(), UNICODE.join(""));
  });

  test("a file is compressed, and says nothing more of its plain bytes", async (t) => {
    const path = join(folder, "eggs.txt");
    writeFileSync(path, SEQUENCE.join("").repeat(100));
    const app = withCompression((request: Request) => file(path, { request }));
    const server = await serving(t, app);
    const { headers, body } = await getRaw(server.url, gzip);
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(headers["content-length"], undefined);
    assert.equal(headers["accept-ranges"], undefined);
    assert.match(headers.etag ?? "", /^W\//);
    assert.equal(gunzipSync(body).toString(), SEQUENCE.join("").repeat(100));
    const again = await getRaw(server.url, { ...gzip, "if-none-match": headers.etag ?? "" });
    assert.equal(again.status, 304);
    const part = await getRaw(server.url, { ...gzip, range: "bytes=0-1999" });
    assert.equal(part.status, 206);
    assert.equal(part.headers["content-encoding"], undefined);
    assert.equal(part.body.toString(), SEQUENCE.join("").repeat(2));
  });

  test("the header of gzip has random bytes, and is the same each time without them", async (t) => {
    const server = await serving(
      t,
      respond(() => SEQUENCE, { randomBytes: 0 }),
    );
    const plain = await getRaw(server.url, gzip);
    assert.equal(plain.body[3], 0); // FLG: no name
    assert.equal(plain.body.readUInt32LE(4), 0); // MTIME
    const random = await serving(
      t,
      respond(() => SEQUENCE),
    );
    const bodies = await Promise.all(Array.from({ length: 20 }, () => getRaw(random.url, gzip)));
    assert.ok(bodies.every(({ body }) => body[3] === 8)); // FNAME
    assert.ok(new Set(bodies.map(({ body }) => body.length)).size > 1);
  });

  test("a sequence of chunks becomes smaller than its parts", async (t) => {
    const parts = Array.from(
      { length: 20 },
      (_, index) => `{"id":${index},"name":"row ${index}"}\n`,
    );
    const source = async function* () {
      for (const part of parts) {
        yield part;
        await new Promise(setImmediate);
      }
    };
    const app = withCompression(
      () => new StreamingHttpResponse(source, { contentType: "application/json" }),
    );
    const { body } = await getRaw((await serving(t, app)).url, gzip);
    assert.ok(body.length < parts.join("").length);
    assert.equal(gunzipSync(body).toString(), parts.join(""));
  });
});
