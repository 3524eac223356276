import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { curl } from "../support/curl.ts";
import { throughEach } from "./support/through.ts";

throughEach({ http2: true }, (way) => {
  test("a complete stream is complete for a client that speaks HTTP/2 to the proxy", async () => {
    const url = way.url(() => new StreamingHttpResponse(["first\n", "second\n"]));
    const { code, text } = await curl(["--http2-prior-knowledge", "-w", "%{http_version}", url]);
    assert.equal(code, 0);
    assert.equal(text, "first\nsecond\n2");
  });

  test("a source that throws resets the stream of a client that speaks HTTP/2 to the proxy", async () => {
    const { code, text } = await curl([
      "--http2-prior-knowledge",
      way.url(
        () =>
          new StreamingHttpResponse(async function* () {
            yield "first\n";
            await delay(100); // it has left
            throw new Error("the database went away");
          }),
      ),
    ]);
    assert.equal(text, "first\n");
    // Pinned: behind a proxy that hides it, nothing that a server can do makes the cut visible.
    assert.equal(code, way.kind.hidesCuts("HTTP/2") ? 0 : 92);
  });

  test("a cut before the end of the Content-Length is seen by every client that speaks HTTP/2", async () => {
    const headers = { "content-length": "100" };
    const { code } = await curl([
      "--http2-prior-knowledge",
      way.url(
        () =>
          new StreamingHttpResponse(
            async function* () {
              yield "first\n";
              await delay(100); // it has left
              throw new Error("the database went away");
            },
            { headers },
          ),
      ),
    ]);
    assert.equal(code, 92);
  });
});
