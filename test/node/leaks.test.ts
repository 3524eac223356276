import assert from "node:assert/strict";
import { once, type EventEmitter } from "node:events";
import { readdirSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import type { Server } from "millrace/node";

import { eventually } from "../support/eventually.ts";
import { openSession, over, readAll, ask } from "./support/http2-client.ts";
import { get, RawClient } from "./support/raw-client.ts";
import { ended } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

/** Limits whose timers would hold a response if they stayed. */
const limits = { firstChunk: 600_000, idle: 600_000, total: 600_000, stalled: 600_000 };
let running = 0;

const app = (request: Request) => {
  request.signal.addEventListener("abort", () => {});
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      running += 1;
      try {
        if (pathOf(request) !== "/quiet") yield "begins\n";
        if (pathOf(request) === "/big") while (true) yield new Uint8Array(65_536);
        if (pathOf(request) !== "/short") await delay(600_000, undefined, { signal });
      } finally {
        running -= 1;
      }
    },
    { contentType: "text/event-stream", heartbeat: 300_000, limits },
  );
};

/** What the process holds: open handles by their kind, timers among them, and descriptors. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  counts["descriptors"] = readdirSync("/proc/self/fd").length;
  for (const name of process.eventNames())
    counts["listeners"] = (counts["listeners"] ?? 0) + process.listenerCount(name);
  return counts;
}

/** That after `visits` there is no more of anything than before, and every source has ended. */
async function leavesNothing(t: TestContext, server: Server, visits: () => Promise<void>) {
  const leaks: string[] = [];
  const onWarning = ({ message }: Error) => void (/listener/i.test(message) && leaks.push(message));
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  await visits(); // so that what is made once is there
  await eventually(() => running === 0 && server.streams.length === 0);
  const before = resources();
  await visits();
  await visits();
  await eventually(() => running === 0 && server.streams.length === 0, { timeout: 15_000 });
  let more: string[] = [];
  const isBack = () => {
    const grown = Object.entries(resources()).filter(
      ([kind, count]) => count > (before[kind] ?? 0) + 2,
    );
    more = grown.map(([kind, count]) => `${kind}: ${before[kind] ?? 0} to ${count}`);
    return more.length === 0;
  };
  await eventually(isBack, { timeout: 10_000 }).catch(() => assert.deepEqual(more, []));
  assert.deepEqual(leaks, []);
}

const paths = ["/quiet", "/stream", "/big"];
const AT_ONCE = 50;

test(
  "1,000 clients that leave over HTTP/1.1 leave no handle, timer, listener or descriptor",
  { skip: process.platform !== "linux" },
  async (t) => {
    const server = await serving(t, app, { http2: true });
    const visit = async (_: unknown, index: number) => {
      const client = await RawClient.open(server.port);
      const path = paths[index % paths.length] ?? "";
      client.write(get(path));
      if (path === "/quiet") await new Promise(setImmediate);
      else await client.until("begins");
      if (index % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.destroy();
      await client.closed;
    };
    await leavesNothing(t, server, async () => {
      for (let wave = 0; wave < 7; wave++)
        await Promise.all(Array.from({ length: AT_ONCE }, visit));
    });
  },
);

test(
  "1,000 streams that are left over HTTP/2, in many sessions, leave nothing either",
  { skip: process.platform !== "linux" },
  async (t) => {
    const server = await serving(t, app, { http2: true });
    const session = async () => {
      using client = await openSession(server);
      client.setLocalWindowSize(2 ** 24);
      const visit = async (_: unknown, index: number) => {
        const path = paths[index % paths.length] ?? "";
        const stream = ask(client, { ":path": path });
        await (path === "/quiet" ? new Promise(setImmediate) : once(stream, "readable"));
        if (index % 2 === 0) return; // these leave with the session
        stream.close(constants.NGHTTP2_CANCEL);
        await over(stream);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, visit));
      const closed = once(client, "close");
      client.destroy();
      await closed;
    };
    await leavesNothing(t, server, async () => {
      for (let wave = 0; wave < 7; wave++) await session();
    });
  },
);

/** How many listeners there are on something, of every event. */
function listeners(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}

interface RuntimeRequest extends Request {
  runtime: {
    node: { req: IncomingMessage | Http2ServerRequest; res: ServerResponse | Http2ServerResponse };
  };
}

test("100 requests on one kept connection leave no listener on it", async (t) => {
  const counts: number[] = [];
  const server = await serving(t, (request) => {
    const { req } = (request as RuntimeRequest).runtime.node; // of srvx, whose request it is
    counts.push(listeners(req.socket));
    return app(request);
  });
  using client = await RawClient.open(server.port);
  for (let count = 0; count < 100; count++) {
    client.text = "";
    client.write(get("/short"));
    await client.until("begins\n");
  }
  assert.equal(counts.length, 100);
  assert.deepEqual(new Set(counts.slice(1)), new Set([counts[1]]));
});

test("whatever the outcome, no listener of ours is left on request and response", async (t) => {
  for (const http2 of [false, true]) {
    const seen: { url: string; before: number; res: EventEmitter }[] = [];
    const outcomes: Record<string, () => Response> = {
      "/complete": () => new StreamingHttpResponse(["x"]),
      "/failed": () =>
        new StreamingHttpResponse(async function* () {
          throw new Error("broken");
        }),
      "/timed-out": () =>
        new StreamingHttpResponse(() => new Promise(() => {}), { limits: { total: 20 } }),
      "/plain": () => new Response("x"),
      "/cancelled": () => app(new Request("http://a/stream")),
    };
    const server = await serving(
      t,
      (request) => {
        const { res } = (request as RuntimeRequest).runtime.node;
        const names = ["drain", "finish"]; // those of `close` and `error` are Node's too
        const count = () => names.reduce((sum, name) => sum + res.listenerCount(name), 0);
        seen.push({ url: pathOf(request), before: count(), res });
        return outcomes[pathOf(request)]?.() as Response;
      },
      { http2 },
    );
    for (const path of Object.keys(outcomes)) {
      const url = `${path}?${http2}`;
      if (http2) {
        using session = await openSession(server);
        const stream = ask(session, { ":path": url });
        stream.once("data", () => path === "/cancelled" && stream.close());
        await readAll(stream);
      } else {
        using client = await RawClient.open(server.port);
        client.write(get(url, "Connection: close"));
        await (path === "/cancelled" ? client.until("begins") : client.end());
      }
      const end = await eventually(() => ended.find((each) => each.url === url));
      const { before = -1, res } = seen.at(-1) ?? {};
      const after = (res?.listenerCount("drain") ?? -1) + (res?.listenerCount("finish") ?? -1);
      assert.equal(after, before, `${path} ${end.outcome.type}`);
    }
  }
});
