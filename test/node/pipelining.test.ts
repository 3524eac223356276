import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { eventually } from "../support/eventually.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

const last = "Connection: close";

test("pipelined requests are answered in their order, whichever is ready first", async (t) => {
  const app = async (request: Request) => {
    const path = pathOf(request);
    await delay({ "/slow": 100, "/middle": 50 }[path] ?? 0);
    return new StreamingHttpResponse([`<${path}>`]);
  };
  const server = await serving(t, app);
  const requests = get("/slow") + get("/middle") + get("/fast", last);
  const text = await RawClient.exchange(server.port, requests);
  assert.deepEqual(statusesIn(text), [200, 200, 200]);
  assert.deepEqual(text.match(/<[^>]*>/g), ["</slow>", "</middle>", "</fast>"]);
});

test("a response behind a long stream is not stalled, and arrives right", async (t) => {
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const big = "x".repeat(1_000_000);
  const app = (request: Request) =>
    new StreamingHttpResponse(async function* () {
      if (pathOf(request) === "/long") {
        yield "long begins\n";
        await mayEnd;
        yield "long ends\n";
      } else {
        for (let at = 0; at < big.length; at += 10_000) yield big.slice(at, at + 10_000);
      }
    });
  const server = await serving(t, app, { limits: { stalled: 200 } });
  using client = await RawClient.open(server.port);
  client.write(get("/long") + get("/big") + get("/small?", last));
  await client.until("long begins");
  await delay(700); // longer than the limit; nothing may happen
  assert.equal(client.socket.destroyed, false);
  end();
  await client.end();
  assert.deepEqual(statusesIn(client.text), [200, 200, 200]);
  const unframed = client.text.replaceAll(/\r\n[\da-f]+\r\n/g, "");
  assert.equal(unframed.split(big).length - 1, 2, "both arrived whole");
  for (const url of ["/long", "/big"]) assert.equal((await endOf(url)).outcome.type, "complete");
});

test("a reader that stalls in the second of two pipelined responses is cut off", async (t) => {
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const app = (request: Request) =>
    new StreamingHttpResponse(async function* () {
      if (pathOf(request) === "/first") {
        yield "first begins\n";
        await mayEnd;
      } else {
        while (true) yield "y".repeat(65_536);
      }
    });
  const server = await serving(t, app, { limits: { stalled: 300 } });
  using client = await RawClient.open(server.port);
  client.write(get("/first") + get("/stalled-second"));
  await client.until("first begins");
  client.socket.pause();
  await eventually(() => server.streams.length === 2);
  end();
  const { outcome } = await endOf("/stalled-second");
  assert.equal(outcome.type, "timed-out");
});

test("a reader that stalls just when the second of two pipelined responses begins is cut off too", async (t) => {
  let begin = () => {};
  let size = 0;
  const endless = async function* () {
    while (true) yield new Uint8Array(65_536);
  };
  const sized = async function* () {
    await new Promise<void>((resolve) => (begin = resolve));
    for (let sent = 0; sent < size; sent += 4_096) yield new Uint8Array(4_096);
  };
  const app = (request: Request) =>
    new StreamingHttpResponse(pathOf(request) === "/sized" ? sized : endless);
  const server = await serving(t, app, { limits: { stalled: 200 } });
  const open = async (requests: string) => {
    const client = await RawClient.open(server.port);
    client.socket.pause();
    client.write(requests);
    return client;
  };
  using probe = await open(get("/capacity"));
  const { outcome } = await endOf("/capacity");
  probe.socket.resume();
  // Responses that end when the kernels of both ends are nearly full, so that nothing of the next one leaves.
  for (const missing of [3, 2, 1, 0]) {
    size = outcome.bytes - missing * 32_768;
    const url = `/behind?${missing}`;
    using _ = await open(get("/sized") + get(url));
    await eventually(() => server.streams.length === 2);
    begin();
    assert.notEqual((await endOf(url)).outcome.type, "complete");
  }
});

test("a client that leaves ends the response that it reads and the one behind it", async (t) => {
  const finished: string[] = [];
  const app = (request: Request) =>
    new StreamingHttpResponse(async function* ({ signal }) {
      try {
        while (true) {
          yield "x".repeat(1_000);
          await delay(1, undefined, { signal });
        }
      } finally {
        finished.push(pathOf(request));
      }
    });
  const server = await serving(t, app);
  const client = await RawClient.open(server.port);
  client.write(get("/read") + get("/behind"));
  await client.until("xxx");
  await eventually(() => server.streams.length === 2);
  client[Symbol.dispose]();
  for (const url of ["/read", "/behind"]) {
    assert.equal((await endOf(url)).outcome.type, "cancelled");
  }
  await eventually(() => finished.length === 2);
});

test("a failure in the first of two pipelined responses ends both, visibly", async (t) => {
  const app = (request: Request) =>
    new StreamingHttpResponse(async function* () {
      yield `begins ${pathOf(request)}\n`;
      await delay(50);
      if (pathOf(request) === "/breaks") throw new Error("broken");
    });
  const server = await serving(t, app);
  using client = await RawClient.open(server.port);
  client.write(get("/breaks") + get("/innocent"));
  await client.end();
  assert.deepEqual(statusesIn(client.text), [200]);
  assert.ok(!client.text.endsWith("0\r\n\r\n"));
  assert.equal((await endOf("/innocent")).outcome.type, "cancelled");
});
