import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { openReader } from "./support/reader.ts";
import { throughEach, type Way } from "./support/through.ts";

throughEach({}, (way) => {
  test("a stream that runs when the server closes is finished", async () => {
    const { promise: mayFinish, resolve: finish } = Promise.withResolvers<void>();
    const reader = await openStream(way, mayFinish);
    const closed = way.origin.server.close({ drain: 20_000 });
    finish();
    assert.equal(await reader.readAll(), "second\n");
    await closed;
    assert.deepEqual(way.origin.server.streams, []);
  });
});

throughEach({}, (way) => {
  test("a stream that outlasts the drain of its server is cut", async () => {
    const reader = await openStream(way, new Promise(() => {}));
    const closed = way.origin.server.close({ drain: 300 });
    if (way.kind.hidesCuts("HTTP/1.1")) assert.equal(await reader.readAll(), "");
    else await assert.rejects(reader.readAll(), { code: "ECONNRESET" });
    await closed;
  });
});

/** A stream whose first chunk has arrived and whose second is waited for. */
async function openStream(way: Way, second: Promise<void>) {
  const url = way.url(
    () =>
      new StreamingHttpResponse(async function* () {
        yield "first\n";
        await second;
        yield "second\n";
      }),
  );
  const reader = await openReader(url);
  assert.equal(await reader.read(), "first\n");
  return reader;
}
