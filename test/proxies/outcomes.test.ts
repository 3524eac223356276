import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";

import { curl } from "../support/curl.ts";
import { throughEach, type Way } from "./support/through.ts";

const MEBIBYTE = 2 ** 20;

throughEach({}, (way) => {
  const looks = way.kind.hidesCuts("HTTP/1.1")
    ? "looks complete, since the proxy makes it so"
    : "does not look complete";

  test("a complete stream arrives with every byte", async () => {
    const { code, text } = await curl([way.url(() => new StreamingHttpResponse(rows(3)))]);
    assert.equal(code, 0);
    assert.equal(text, "row 0\nrow 1\nrow 2\n");
  });

  test("20 MB arrive byte for byte", async () => {
    const part = randomBytes(MEBIBYTE / 2);
    const sent = createHash("sha256");
    const { code, body } = await curl([
      way.url(
        () =>
          new StreamingHttpResponse(function* () {
            for (let count = 0; count < 40; count += 1) {
              part.writeUInt32BE(count);
              sent.update(part);
              yield new Uint8Array(part);
            }
          }),
      ),
    ]);
    assert.equal(code, 0);
    assert.equal(body.byteLength, 20 * MEBIBYTE);
    assert.equal(createHash("sha256").update(body).digest("hex"), sent.digest("hex"));
  });

  test(`a source that throws after two chunks ${looks}`, async () => {
    const { code, text } = await curl([
      way.url(
        () =>
          new StreamingHttpResponse(async function* () {
            yield* rows(2);
            await delay(300); // both have left
            throw new Error("the database went away");
          }),
      ),
    ]);
    assertCut(way, code);
    assert.equal(text, "row 0\nrow 1\n");
  });

  test(`a source that throws in the same turn as its last chunk ${looks}`, async () => {
    const { code } = await curl([
      way.url(
        () =>
          new StreamingHttpResponse(function* () {
            yield* rows(2);
            throw new Error("the database went away");
          }),
      ),
    ]);
    assertCut(way, code);
  });

  test(`a source that throws after 8 MB ${looks}`, async (t) => {
    const { code, body } = await curl([
      way.url(
        () =>
          new StreamingHttpResponse(function* () {
            for (let count = 0; count < 8; count += 1) yield new Uint8Array(MEBIBYTE);
            throw new Error("the database went away");
          }),
      ),
    ]);
    t.diagnostic(`exit code ${code} after ${body.byteLength} bytes`);
    assertCut(way, code);
    assert.ok(body.byteLength <= 8 * MEBIBYTE);
  });

  test("a source that throws before the end of its Content-Length never looks complete", async () => {
    const headers = { "content-length": "100" };
    const { code, text } = await curl([
      way.url(
        () =>
          new StreamingHttpResponse(
            async function* () {
              yield* rows(2);
              await delay(300); // both have left
              throw new Error("the database went away");
            },
            { headers },
          ),
      ),
    ]);
    assert.notEqual(code, 0);
    assert.equal(text, "row 0\nrow 1\n");
  });

  test("a source that throws before its first chunk gives a 500 page", async () => {
    const url = way.url(
      () =>
        new StreamingHttpResponse(() => {
          throw new Error("secret of the database");
        }),
    );
    const { code, text } = await curl(["-w", "%{http_code}", url]);
    assert.equal(code, 0);
    assert.equal(text, "Internal Server Error\n500");
  });

  test(`a stream whose source fell silent ${looks}`, async () => {
    const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
    const limits = { idle: 200 };
    const { code, text } = await curl([
      way.url(
        () =>
          new StreamingHttpResponse(
            async function* ({ signal }) {
              yield* rows(2);
              await delay(60_000, undefined, { signal });
            },
            { limits, onClose },
          ),
      ),
    ]);
    assertCut(way, code);
    assert.equal(text, "row 0\nrow 1\n");
    assert.equal((await ended).type, "timed-out");
  });

  test("HEAD gives the head of the response and never starts its source", async () => {
    let started = false;
    const url = way.url(
      () =>
        new StreamingHttpResponse(
          function* () {
            started = true;
            yield "never";
          },
          { contentType: "text/csv" },
        ),
    );
    const { code, text } = await curl(["-I", url]);
    assert.equal(code, 0);
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.match(text, /^content-type: text\/csv\r$/im);
    assert.equal(started, false);
  });
});

/** A cut response does not look complete, unless the proxy makes it so. */
function assertCut({ kind }: Way, code: number): void {
  if (kind.hidesCuts("HTTP/1.1")) assert.equal(code, 0, `${kind.name} passes the cut on by now`);
  else assert.notEqual(code, 0);
}

function* rows(count: number): Generator<string> {
  for (let row = 0; row < count; row += 1) yield `row ${row}\n`;
}
