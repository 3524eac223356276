import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";

import { eventually } from "../support/eventually.ts";
import { haproxy, plainHaproxy } from "./support/haproxy.ts";
import { openReader } from "./support/reader.ts";
import { through, throughEach, type Way } from "./support/through.ts";

const CHUNK = 2 ** 16;
const MEBIBYTE = 2 ** 20;

throughEach({}, (way) => {
  for (const contentType of ["text/html", "text/csv", "text/event-stream"]) {
    test(`a chunk of ${contentType} arrives before the next is made`, async () => {
      const turns = [0, 1, 2].map(() => Promise.withResolvers<void>());
      const url = way.url(
        () =>
          new StreamingHttpResponse(
            async function* () {
              for (const [index, { promise }] of turns.entries()) {
                await promise;
                yield `chunk ${index}\n`;
              }
            },
            { contentType },
          ),
      );
      turns[0]?.resolve();
      const reader = await openReader(url);
      assert.equal(await reader.read(), "chunk 0\n");
      turns[1]?.resolve();
      assert.equal(await reader.read(), "chunk 1\n");
      turns[2]?.resolve();
      assert.equal(await reader.readAll(), "chunk 2\n");
    });
  }

  test("a reader that stops holds the source", async (t) => {
    const source = flood();
    const url = way.url(() => new StreamingHttpResponse(source.chunks));
    const reader = await openReader(url);
    await reader.read();
    await settled(() => source.pulled);
    t.diagnostic(`pulled ${(source.pulled / MEBIBYTE).toFixed(1)} MiB and stopped`);
    assert.ok(source.pulled < 64 * MEBIBYTE);
    reader.leave();
  });

  test("a reader that takes nothing for the length of `stalled` is cut off", async (t) => {
    const source = flood();
    const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
    const limits = { stalled: 500 };
    const url = way.url(() => new StreamingHttpResponse(source.chunks, { limits, onClose }));
    const reader = await openReader(url);
    await reader.read();
    assert.equal((await ended).type, "timed-out");
    if (way.kind.hidesCuts("HTTP/1.1"))
      t.diagnostic(`${way.kind.name} hides the cut from the reader`);
    else await assert.rejects(reader.readAll(), { code: "ECONNRESET" });
    reader.leave();
  });
});

through(haproxy, {}, (way) => {
  test("with http-no-delay HAProxy passes a lone chunk on at once", async (t) => {
    const fastest = await fastestOfFive(way);
    t.diagnostic(`${fastest} ms`);
    assert.ok(fastest < 100);
  });
});

through(plainHaproxy, {}, (way) => {
  test("without http-no-delay a lone chunk waits in HAProxy's socket for what may follow", async (t) => {
    const fastest = await fastestOfFive(way);
    t.diagnostic(`${fastest} ms`);
    assert.ok(fastest > 100);
  });
});

/** How long the fastest of five lone chunks took through the proxy, in ms. */
async function fastestOfFive(way: Way): Promise<number> {
  let sentAt = 0;
  let next = Promise.withResolvers<void>();
  const url = way.url(
    () =>
      new StreamingHttpResponse(async function* () {
        for (let count = 0; count < 5; count += 1) {
          sentAt = performance.now();
          yield "chunk\n";
          await next.promise;
          next = Promise.withResolvers();
        }
      }),
  );
  const reader = await openReader(url);
  let fastest = Infinity;
  while ((await reader.read()) !== undefined) {
    fastest = Math.min(fastest, performance.now() - sentAt);
    next.resolve();
  }
  return Math.round(fastest);
}

/** A source without an end, that counts what was taken from it. */
function flood(): { chunks: AsyncIterable<Uint8Array>; readonly pulled: number } {
  let pulled = 0;
  async function* chunks() {
    for (; pulled < 512 * MEBIBYTE; pulled += CHUNK) yield new Uint8Array(CHUNK);
  }
  return {
    chunks: chunks(),
    get pulled() {
      return pulled;
    },
  };
}

/** Resolves when `value` has not changed for a second. */
async function settled(value: () => number): Promise<void> {
  let last = value();
  let since = performance.now();
  const unchanged = () => {
    if (value() !== last) since = performance.now();
    last = value();
    return performance.now() - since > 1_000;
  };
  await eventually(unchanged, { timeout: 20_000, what: "the source to be held" });
}
