// What Django's own tests promise of its StreamingHttpResponse, where no server is needed. Which test stands for which is
// in docs/coming-from-django.md; test/node/django-parity.node.test.ts has the rest.
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse, type Source } from "millrace";

import { bytesOf, readerOf, readText } from "./support/read.ts";
import { captureWarnings, pause, settle, watchOutcome } from "./support/watch.ts";

const encoder = new TextEncoder();

function* rows(): Generator<string> {
  yield "hello";
  yield "world";
}

async function* asyncRows(): AsyncGenerator<string> {
  yield "hello";
  await pause(5);
  yield "world";
}

/** Passes chunks on in capitals, as a middleware that wraps a response does. */
function capitals(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(encoder.encode(decoder.decode(chunk).toUpperCase()));
    },
  });
}

describe("StreamingHttpResponse, as in Django", () => {
  test("bytes and strings arrive in order, from an iterator as from a list", async () => {
    const chunks = ["hello", encoder.encode(" "), "wörld"];
    for (const source of [chunks, chunks.values(), () => chunks.values()]) {
      assert.deepEqual(
        await bytesOf(new StreamingHttpResponse(source)),
        encoder.encode("hello wörld"),
      );
    }
  });

  test("the content can be read once, also when it comes from a list", async () => {
    const response = new StreamingHttpResponse(["hello"]);
    assert.equal(await response.text(), "hello");
    await assert.rejects(response.text(), TypeError);
  });

  test("status and headers can be looked at without starting the source", async () => {
    let started = false;
    const response = new StreamingHttpResponse(
      function* () {
        started = true;
        yield "hello";
      },
      { status: 201, headers: { "x-row": "1" } },
    );
    assert.deepEqual([response.status, response.headers.get("x-row")], [201, "1"]);
    assert.equal(`${String(response)} ${JSON.stringify([...response.headers])}`.length > 0, true);
    await settle();
    assert.equal(started, false);
  });

  test("a response that is wrapped still closes the view's own generator", async () => {
    const log: string[] = [];
    const { onClose, closed } = watchOutcome();
    const inner = new StreamingHttpResponse(
      async function* () {
        try {
          while (true) {
            yield "row ";
            await pause(5);
          }
        } finally {
          log.push("closed");
        }
      },
      { onClose },
    );
    const outer = new Response(inner.body?.pipeThrough(capitals()), inner);
    assert.equal(outer.headers.get("content-type"), "text/html; charset=utf-8");
    const reader = readerOf(outer);
    assert.equal(await readText(reader), "ROW ");
    await reader.cancel();
    assert.equal((await closed).type, "cancelled");
    await pause(10);
    assert.deepEqual(log, ["closed"]);
  });

  test("a response that is wrapped twice runs through both, in order", async () => {
    const inner = new StreamingHttpResponse(rows);
    const once = new Response(inner.body?.pipeThrough(capitals()), inner);
    const twice = new StreamingHttpResponse(async function* () {
      yield "<";
      yield* once.body ?? [];
      yield ">";
    });
    assert.equal(await twice.text(), "<HELLOWORLD>");
  });

  test("every kind of generator streams chunk by chunk, and none is collected first or warned about", async (t) => {
    const warnings = captureWarnings(t);
    const kinds: (() => Source)[] = [
      () => rows(),
      () => rows,
      () => asyncRows(),
      () => asyncRows,
      () => async () => rows(),
    ];
    for (const make of kinds) {
      assert.equal(await new StreamingHttpResponse(make()).text(), "helloworld");
    }
    const reader = readerOf(new StreamingHttpResponse(asyncRows));
    assert.equal(await readText(reader), "hello", "the second chunk is not waited for");
    assert.equal(await readText(reader), "world");
    assert.deepEqual(warnings, []);
  });

  test("the text of a stream can be awaited", async () => {
    for (const source of [["hello ", "world"], rows, asyncRows]) {
      assert.match(await new StreamingHttpResponse(source).text(), /^hello ?world$/);
    }
  });

  test("there is nothing to write to or to assign content to", () => {
    const response = new StreamingHttpResponse([]);
    assert.ok(!("write" in response) && !("content" in response) && !("tell" in response));
    assert.throws(() => Object.assign(response, { body: null }), TypeError);
  });

  test("a stream gets no Content-Length and no ETag of its own accord", async () => {
    const { headers } = new StreamingHttpResponse(["all of it"]);
    assert.deepEqual([headers.get("content-length"), headers.get("etag")], [null, null]);
  });

  test("a resource that the source opened is open until the last chunk, and closed once", async () => {
    const log: string[] = [];
    const open = (name: string) => ({
      *[Symbol.iterator]() {
        log.push(`open ${name}`);
        try {
          yield `${name} 1 `;
          yield `${name} 2 `;
        } finally {
          log.push(`close ${name}`);
        }
      },
    });
    const response = new StreamingHttpResponse(function* () {
      yield* open("a");
      yield* open("b");
    });
    assert.deepEqual(log, []);
    assert.equal(await response.text(), "a 1 a 2 b 1 b 2 ");
    assert.deepEqual(log, ["open a", "close a", "open b", "close b"]);
  });

  test("every clean-up runs although one of them throws", async (t) => {
    const warnings = captureWarnings(t);
    const log: string[] = [];
    const inner = function* () {
      try {
        while (true) yield "x".repeat(100_000);
      } finally {
        log.push("inner");
        // oxlint-disable-next-line eslint/no-unsafe-finally -- that is the point
        throw new Error("clean-up failed");
      }
    };
    const reader = readerOf(
      new StreamingHttpResponse(
        function* () {
          try {
            yield* inner();
          } finally {
            log.push("outer");
          }
        },
        { onClose: () => void log.push("onClose") },
      ),
    );
    await reader.read();
    await settle();
    await reader.cancel();
    assert.deepEqual(log.toSorted(), ["inner", "onClose", "outer"]);
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["SOURCE_CLEANUP_THREW"],
    );
  });
});
