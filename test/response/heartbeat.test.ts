import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse, type StreamingHttpResponseInit } from "millrace";

import { readerOf, readText } from "./support/read.ts";
import { awake, pause, watchOutcome } from "./support/watch.ts";

/** Two rows around a silence that ends when `heard` resolves. */
function around(first: string, last: string, heard: Promise<unknown>) {
  return async function* () {
    if (first !== "") yield first;
    await heard;
    yield last;
  };
}

/** Reads until something matches, then the rest; everything that came. */
async function listen(response: Response, wanted: RegExp, heard: () => void): Promise<string> {
  const reader = readerOf(response);
  let text = "";
  for (let piece = await readText(reader); piece !== undefined; piece = await readText(reader)) {
    text += piece;
    if (wanted.test(text)) heard();
  }
  return text;
}

const types: [contentType: string | undefined, first: string, last: string, all: RegExp][] = [
  ["text/event-stream", "data: 1\n\n", "data: 2\n\n", /^data: 1\n\n(:\n\n){2,}data: 2\n\n$/],
  ["text/html", "<p>1</p>", "<p>2</p>", /^<p>1<\/p>(<!-- -->){2,}<p>2<\/p>$/],
  [undefined, "<p>1</p>", "<p>2</p>", /^<p>1<\/p>(<!-- -->){2,}<p>2<\/p>$/],
  ["Text/HTML; charset=utf-8", "1", "2", /^1(<!-- -->){2,}2$/],
  ["application/json", "[1,", "2]", /^\[1, {2,}2\]$/],
  ["application/problem+json; charset=utf-8", "{", "}", /^\{ {2,}\}$/],
];

describe("heartbeat", () => {
  for (const [contentType, first, last, all] of types) {
    test(`in ${contentType ?? "the default type"} sends bytes without a meaning, again and again`, async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const source = around(first, last, promise);
      const init: StreamingHttpResponseInit = { contentType, heartbeat: 20 };
      const twice = /(:\n\n|<!-- -->| ){2}/;
      const text = await awake(listen(new StreamingHttpResponse(source, init), twice, resolve));
      assert.match(text, all);
      if (contentType === "application/json") assert.deepEqual(JSON.parse(text), [1, 2]);
    });
  }

  test("begins before the first chunk", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const response = new StreamingHttpResponse(around("", "<p>", promise), { heartbeat: 20 });
    assert.match(await awake(listen(response, /-->/, resolve)), /^(<!-- -->)+<p>$/);
  });

  for (const contentType of ["text/csv", "text/plain", "application/octet-stream", "image/png"]) {
    test(`in ${contentType} is an error at the call that says why`, () => {
      assert.throws(() => new StreamingHttpResponse([], { contentType, heartbeat: 1_000 }), {
        code: "HEARTBEAT_UNSUPPORTED",
        message: new RegExp(`^${contentType} .*text/event-stream, text/html and JSON`),
      });
    });
  }

  test("takes the content type from the headers, too", () => {
    const headers = { "content-type": "text/csv" };
    assert.throws(() => new StreamingHttpResponse([], { headers, heartbeat: 1_000 }), {
      code: "HEARTBEAT_UNSUPPORTED",
    });
    assert.ok(new StreamingHttpResponse([], { headers, heartbeat: false }));
  });

  test("takes a number of milliseconds above 0, or false", () => {
    for (const heartbeat of [0, -1, NaN, "15s", true]) {
      const init = { heartbeat } as StreamingHttpResponseInit;
      assert.throws(() => new StreamingHttpResponse([], init), { code: "OPTION_INVALID" });
    }
  });

  test("is silent while chunks come", async () => {
    const source = async function* () {
      for (let row = 0; row < 8; row++) {
        yield "<p>";
        await pause(50);
      }
    };
    const response = new StreamingHttpResponse(source, { heartbeat: 400 });
    assert.equal(await response.text(), "<p>".repeat(8));
  });

  test("is not saved up for a reader that pauses", async () => {
    const source = async function* () {
      yield "<p>";
      await pause(500);
    };
    const reader = readerOf(new StreamingHttpResponse(source, { heartbeat: 20 }));
    await reader.read();
    await pause(200);
    assert.equal(await awake(readText(reader)), "<!-- -->", "one at a time");
    await reader.cancel();
  });

  test("counts as bytes, not as chunks", async () => {
    const { onClose, closed } = watchOutcome();
    const { promise, resolve } = Promise.withResolvers<void>();
    const source = around("<p>", "<p>", promise);
    const response = new StreamingHttpResponse(source, { heartbeat: 20, onClose });
    const text = await awake(listen(response, /-->/, resolve));
    const { bytes, chunks } = await closed;
    assert.deepEqual([bytes, chunks], [text.length, 2]);
  });

  test("comes between whole chunks, never inside one", async () => {
    const chunk = `<p>${"x".repeat(300_000)}</p>`;
    const source = async function* () {
      yield chunk;
      await pause(60);
    };
    const reader = readerOf(new StreamingHttpResponse(source, { heartbeat: 10 }));
    let text = "";
    for (let piece = await readText(reader); piece !== undefined; piece = await readText(reader)) {
      text += piece;
      if (text.length < chunk.length) await pause(40);
    }
    assert.ok(text.startsWith(chunk));
  });
});
