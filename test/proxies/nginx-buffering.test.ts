import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";

import { curl } from "../support/curl.ts";
import { nginxHttp10, nginxHttp11 } from "./support/nginx.ts";
import { openReader } from "./support/reader.ts";
import { through, type Way } from "./support/through.ts";

const MEBIBYTE = 2 ** 20;

const buffered = { "x-accel-buffering": "yes" };

/** The ways to have nginx buffer or not; every response of ours says `X-Accel-Buffering: no` unless it is told otherwise. */
const modes: readonly { name: string; lines: string[]; headers: Record<string, string> }[] = [
  { name: "buffering on, as the response asks", lines: [], headers: buffered },
  { name: "buffering off, as the response asks", lines: ["proxy_buffering on;"], headers: {} },
  {
    name: "buffering off, as nginx is told",
    lines: ["proxy_buffering off;", "proxy_ignore_headers X-Accel-Buffering;"],
    headers: {},
  },
];

through(nginxHttp10, {}, (way) => {
  test("with buffering on and HTTP/1.0 to the server, a lone chunk is held back until there are more", async () => {
    const { maySend, url } = twoChunks(way);
    const opening = openReader(url);
    assert.equal(await Promise.race([opening, delay(1_000, "nothing")]), "nothing");
    maySend.resolve();
    assert.equal(await (await opening).readAll(), "first\nsecond\n");
  });
});

through(nginxHttp11, {}, (way) => {
  test("with buffering on and HTTP/1.1 to the server, a lone chunk is passed on all the same", async () => {
    const { maySend, url } = twoChunks(way);
    const reader = await openReader(url);
    assert.equal(await reader.read(), "first\n");
    maySend.resolve();
    assert.equal(await reader.readAll(), "second\n");
  });
});

for (const kind of [nginxHttp10, nginxHttp11]) {
  for (const { name, lines, headers } of modes) {
    through(kind, { lines }, (way) => {
      for (const size of [1_000, 8 * MEBIBYTE]) {
        test(`with ${name}, a source that throws after ${size} bytes does not look complete`, async () => {
          const { code, body } = await curl([
            way.url(
              () =>
                new StreamingHttpResponse(
                  async function* () {
                    yield new Uint8Array(size);
                    await delay(50);
                    throw new Error("the database went away");
                  },
                  { headers },
                ),
            ),
          ]);
          assert.notEqual(code, 0);
          assert.ok(body.byteLength <= size);
        });
      }

      test(`with ${name}, the whole of a stream arrives`, async () => {
        const url = way.url(
          () =>
            new StreamingHttpResponse([new Uint8Array(8 * MEBIBYTE), new Uint8Array(1)], {
              headers,
            }),
        );
        const { code, body } = await curl([url]);
        assert.equal(code, 0);
        assert.equal(body.byteLength, 8 * MEBIBYTE + 1);
      });
    });
  }

  through(kind, {}, (way) => {
    test("with buffering on, nginx takes the whole of a stream whose reader has stopped", async () => {
      const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
      const url = way.url(
        () =>
          new StreamingHttpResponse(
            function* () {
              for (let count = 0; count < 64; count += 1) yield new Uint8Array(MEBIBYTE);
            },
            { headers: buffered, onClose },
          ),
      );
      const reader = await openReader(url);
      await reader.read();
      const { type, bytes } = await ended; // although 64 MiB do not fit between the source and the reader
      assert.equal(type, "complete");
      assert.equal(bytes, 64 * MEBIBYTE);
      reader.leave();
    });
  });
}

/** A response that nginx may buffer, and whose second chunk is sent when `maySend` is resolved. */
function twoChunks(way: Way): { maySend: PromiseWithResolvers<void>; url: string } {
  const maySend = Promise.withResolvers<void>();
  const url = way.url(
    () =>
      new StreamingHttpResponse(
        async function* () {
          yield "first\n";
          await maySend.promise;
          yield "second\n";
        },
        { headers: buffered },
      ),
  );
  return { maySend, url };
}
