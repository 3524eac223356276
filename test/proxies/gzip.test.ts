import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { curl } from "../support/curl.ts";
import { caddy } from "./support/caddy.ts";
import { haproxy } from "./support/haproxy.ts";
import { nginxHttp10, nginxHttp11 } from "./support/nginx.ts";
import { openReader } from "./support/reader.ts";
import { through, type Way } from "./support/through.ts";

const LINE = `${"a line that is worth compressing ".repeat(60)}\n`;

for (const kind of [nginxHttp10, nginxHttp11]) {
  through(kind, { gzip: true }, (way) => {
    test("a chunk that nginx compresses arrives whole before the next is made", async () => {
      const { encoding, first, rest } = await readTwo(way);
      assert.equal(encoding, "gzip");
      assert.equal(first, LINE);
      assert.equal(rest, LINE);
    });

    test("a cut response that nginx compresses does not look complete", async () => {
      const { code, text } = await curl([
        "--compressed",
        way.url(
          () =>
            new StreamingHttpResponse(async function* () {
              yield LINE;
              await delay(300); // it has left
              throw new Error("the database went away");
            }),
        ),
      ]);
      assert.notEqual(code, 0);
      assert.equal(text, LINE);
    });
  });
}

through(haproxy, { gzip: true }, (way) => {
  test("of a chunk that HAProxy compresses the end is held back until the next is made", async () => {
    const { encoding, first, rest } = await readTwo(way);
    assert.equal(encoding, "gzip");
    assert.ok(first.length < LINE.length);
    assert.equal(first + rest, LINE + LINE);
  });

  test("HAProxy compresses nothing that is marked no-transform", async () => {
    const { encoding, first } = await readTwo(way, { "cache-control": "no-transform" });
    assert.equal(encoding, "identity");
    assert.equal(first, LINE);
  });
});

through(caddy, { gzip: true }, (way) => {
  test("a chunk that Caddy compresses is held back until the next is made", async () => {
    const { encoding, first, rest } = await readTwo(way);
    assert.equal(encoding, "gzip");
    assert.equal(first, "");
    assert.equal(rest, LINE + LINE);
  });
});

/** What arrives of two chunks before the second is made, and after. */
async function readTwo(
  way: Way,
  headers: Record<string, string> = {},
): Promise<{ encoding: string; first: string; rest: string }> {
  const { promise: maySend, resolve: sendSecond } = Promise.withResolvers<void>();
  const url = way.url(
    () =>
      new StreamingHttpResponse(
        async function* () {
          yield LINE;
          await maySend;
          yield LINE;
        },
        { headers },
      ),
  );
  const reader = await openReader(url, { gzip: true });
  const arrived = Promise.withResolvers<void>();
  let text = "";
  const reading = (async () => {
    for (let part = await reader.read(); part !== undefined; part = await reader.read()) {
      text += part;
      if (text.length === LINE.length) arrived.resolve();
    }
  })();
  await Promise.race([arrived.promise, delay(1_000)]); // what has not come by then is held back
  const first = text;
  sendSecond();
  await reading;
  return { encoding: reader.encoding, first, rest: text.slice(first.length) };
}
