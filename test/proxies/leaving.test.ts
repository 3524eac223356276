import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";

import { curl } from "../support/curl.ts";
import { caddy, caddyH2c } from "./support/caddy.ts";
import { haproxy } from "./support/haproxy.ts";
import type { ProxyKind } from "./support/proxy.ts";
import { openReader } from "./support/reader.ts";
import { through, throughEach, type Way } from "./support/through.ts";

throughEach({}, (way) => {
  test("a client that leaves a stream that flows ends its source", async (t) => {
    const left = await leave(way, { pause: 100 });
    t.diagnostic(
      `aborted ${left.abortedAfter} ms after the client left; a chunk came every 100 ms`,
    );
  });

  test("a client that leaves a quiet stream with a heartbeat ends its source", async (t) => {
    const left = await leave(way, { pause: 60_000, heartbeat: 300 });
    t.diagnostic(`aborted ${left.abortedAfter} ms after the client left; a beat came every 300 ms`);
  });

  if (way.kind.tellsOfLeaving === "at once") {
    test("a client that leaves a quiet stream without a heartbeat ends its source", async (t) => {
      const left = await leave(way, { pause: 60_000 });
      t.diagnostic(`aborted ${left.abortedAfter} ms after the client left`);
    });

    test("a client that leaves before the first chunk ends its source", async () => {
      const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
      const url = way.url(
        () =>
          new StreamingHttpResponse(
            async function* ({ signal }) {
              await delay(60_000, undefined, { signal });
              yield "chunk\n";
            },
            { onClose },
          ),
      );
      const { code } = await curl([url], { timeout: 500 });
      assert.equal(code, 28); // curl has waited long enough
      assert.equal((await ended).type, "cancelled");
    });
  } else {
    test("a client that leaves a quiet stream is noticed when the source yields again", () =>
      noticedLate(way));
  }
});

// Settings that are often advised: the first is not needed for chunks to be passed on, the second does not help.
const settings: readonly { kind: ProxyKind; line: string }[] = [
  { kind: caddy, line: "flush_interval -1" },
  { kind: caddyH2c, line: "flush_interval -1" },
  { kind: haproxy, line: "option abortonclose" },
];
for (const { kind, line } of settings) {
  through(kind, { lines: [line] }, (way) => {
    test(`with ${line} a client that leaves is noticed only when the source yields again`, () =>
      noticedLate(way));
  });
}

/** The client takes one chunk and leaves: the source is ended once, with the outcome `cancelled`. */
async function leave(
  way: Way,
  { pause, heartbeat = false }: { pause: number; heartbeat?: number | false },
): Promise<{ abortedAfter: number }> {
  const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
  const cleanedUp = Promise.withResolvers<void>();
  let cleanups = 0;
  let abortedAt = 0;
  const url = way.url(
    () =>
      new StreamingHttpResponse(
        async function* ({ signal }) {
          signal.addEventListener("abort", () => (abortedAt = performance.now()));
          try {
            while (true) {
              yield "chunk\n";
              await delay(pause, undefined, { signal });
            }
          } finally {
            cleanups += 1;
            cleanedUp.resolve();
          }
        },
        { heartbeat, onClose },
      ),
  );
  const reader = await openReader(url);
  await reader.read();
  const leftAt = performance.now();
  reader.leave();
  assert.equal((await ended).type, "cancelled");
  await cleanedUp.promise;
  await delay(50); // a second clean-up would come by now
  assert.equal(cleanups, 1);
  return { abortedAfter: Math.round(abortedAt - leftAt) };
}

/** The client takes one chunk and leaves: nothing happens until the source yields, and then the source is ended. */
async function noticedLate(way: Way): Promise<void> {
  const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
  const { promise: goOn, resolve: letGoOn } = Promise.withResolvers<void>();
  const url = way.url(
    () =>
      new StreamingHttpResponse(
        async function* ({ signal }) {
          yield "chunk\n";
          await goOn;
          while (true) {
            yield "chunk\n";
            await delay(50, undefined, { signal });
          }
        },
        { onClose },
      ),
  );
  const reader = await openReader(url);
  await reader.read();
  reader.leave();
  assert.equal(await Promise.race([ended, delay(1_000, "still open")]), "still open");
  letGoOn();
  assert.equal((await ended).type, "cancelled");
}
