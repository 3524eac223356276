import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";

import { curl } from "../support/curl.ts";
import { throughEach } from "./support/through.ts";

const IDLE = 2; // what the proxies wait for, in seconds
const QUIET = 4_000; // how long the source is silent, in ms

describe("a proxy with an idle limit", { concurrency: true }, () => {
  throughEach({ idle: IDLE }, (way) => {
    for (const contentType of ["text/event-stream", "text/html", "application/json"]) {
      test(`a heartbeat keeps a quiet stream of ${contentType} open`, async () => {
        const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
        const { code, text } = await curl([
          way.url(
            () =>
              new StreamingHttpResponse(
                async function* ({ signal }) {
                  await delay(QUIET, undefined, { signal }); // also before there is anything to send
                  yield "0\n\n";
                },
                { contentType, heartbeat: 500, onClose },
              ),
          ),
        ]);
        assert.equal(code, 0);
        assert.match(text, /^[^]+0\n\n$/); // beats, and then what the source had to say
        assert.equal((await ended).type, "complete");
      });
    }
  });

  // In suites of their own, since the heartbeats of other streams keep a shared HTTP/2 connection busy too.
  throughEach({ idle: IDLE }, (way) => {
    test("without a heartbeat the proxy ends a quiet stream, and its source", async () => {
      const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
      const { code, text } = await curl([
        way.url(
          () =>
            new StreamingHttpResponse(
              async function* ({ signal }) {
                yield "data: first\n\n";
                await delay(QUIET, undefined, { signal });
                yield "data: second\n\n";
              },
              { contentType: "text/event-stream", onClose },
            ),
        ),
      ]);
      if (!way.kind.hidesCuts("HTTP/1.1")) assert.notEqual(code, 0);
      assert.equal(text, "data: first\n\n");
      assert.equal((await ended).type, "cancelled");
    });
  });
});
