import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import type { StreamEnd } from "millrace/node";

import { eventually } from "../support/eventually.ts";
import { openSession, over, ask } from "./support/http2-client.ts";
import { get, RawClient } from "./support/raw-client.ts";
import { ended, started } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

const responses: Record<string, () => Response> = {
  "/stream": () => new StreamingHttpResponse(["one", "two"]),
  "/plain": () => new Response("plain", { status: 201 }),
  "/empty": () => new Response(null, { status: 204 }),
  "/throws": () => {
    throw new Error("broken");
  },
  "/breaks": () =>
    new StreamingHttpResponse(async function* () {
      yield "begins\n";
      await delay(10);
      throw new Error("broken");
    }),
  "/late": () =>
    new StreamingHttpResponse(
      async function* ({ signal }) {
        yield "begins\n";
        await delay(60_000, undefined, { signal });
      },
      { limits: { total: 50 } },
    ),
  "/left": () =>
    new StreamingHttpResponse(async function* ({ signal }) {
      yield "begins\n";
      await delay(60_000, undefined, { signal });
    }),
};
const listed = (request: Request) => responses[pathOf(request)]?.() as Response;

/** What becomes of each: status, outcome, bytes, chunks. */
const expected: [method: string, path: string, seen: unknown[]][] = [
  ["GET", "/stream", [200, "complete", 6, 2]],
  ["GET", "/plain", [201, "complete", 5, 1]],
  ["GET", "/empty", [204, "complete", 0, 0]],
  ["HEAD", "/stream", [200, "complete", 0, 0]],
  ["GET", "/throws", [500, "failed", 0, 0]],
  ["HEAD", "/throws", [500, "failed", 0, 0]],
  ["GET", "/breaks", [200, "failed", 7, 1]],
  ["GET", "/late", [200, "timed-out", 7, 1]],
  ["GET", "/left", [200, "cancelled", 7, 1]],
];

for (const http2 of [false, true]) {
  const version = http2 ? "2.0" : "1.1";
  test(`every response over HTTP/${version} is announced once, and so is its outcome`, async (t) => {
    const server = await serving(t, listed, { http2 });
    for (const [method, path, seen] of expected) {
      const url = `${path}?${method}${version}`;
      const left = path === "/left";
      if (http2) {
        using session = await openSession(server);
        const stream = ask(session, { ":path": url, ":method": method });
        stream.once("data", () => left && stream.close());
        await over(stream.resume());
      } else {
        using client = await RawClient.open(server.port);
        client.write(get(url, "Connection: close").replace("GET", method));
        await (left ? client.until("begins") : client.end());
      }
      const own = await eventually(() => {
        const ends = ended.filter((end) => end.url === url);
        return ends.length > 0 ? ends : undefined;
      });
      await delay(20); // a second one would follow at once
      assert.equal(own.length, 1);
      const [end] = own as [StreamEnd];
      const { status, outcome } = end;
      assert.deepEqual([status, outcome.type, outcome.bytes, outcome.chunks], seen, url);
      const starts = started.filter((start) => start.url === url);
      assert.deepEqual(starts, [{ id: end.id, method, url, httpVersion: version }]);
    }
    const ids = started.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, "an id was given twice");
  });
}

test("`server.streams` shows each open stream, and what it waits for", async (t) => {
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const sources: Record<string, () => Iterable<string> | AsyncIterable<string>> = {
    async *"/rows"() {
      yield "row 1\n";
      yield "row 2\n";
      await mayEnd;
    },
    async *"/big"() {
      while (true) yield "x".repeat(65_536);
    },
    *"/running"() {
      seen.push(server.streams.find(({ url }) => url === "/running")?.state ?? "");
    },
  };
  const app = (request: Request) => new StreamingHttpResponse(sources[pathOf(request)] ?? []);
  const server = await serving(t, app);
  assert.equal(server.streams.length, 0);
  using quiet = await RawClient.open(server.port);
  quiet.write(get("/rows?q=1"));
  await quiet.until("row 2");
  using stopped = await RawClient.open(server.port);
  stopped.socket.pause();
  stopped.write("POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  await eventually(() => server.streams[1]?.state === "waiting for the reader");
  await fetch(`${server.url}/running`).then((response) => response.text());
  assert.deepEqual(seen, ["running"]);

  const [rows, big] = server.streams;
  assert.deepEqual(
    Object.keys(rows ?? {}).toSorted(),
    "age bytes chunks id method state url".split(" "),
  );
  assert.deepEqual(
    { ...rows, id: 0, age: 0 },
    {
      ...{ id: 0, method: "GET", url: "/rows?q=1", bytes: 12, chunks: 2, age: 0 },
      state: "waiting for the source",
    },
  );
  assert.equal(big?.method, "POST");
  assert.ok((rows?.age ?? 0) > 0 && (rows?.age ?? 0) >= (big?.age ?? 0));
  assert.deepEqual(
    started.filter(({ id }) => id === rows?.id).map(({ url }) => url),
    ["/rows?q=1"],
  );

  end();
  stopped[Symbol.dispose]();
  await quiet.until("0\r\n\r\n");
  await eventually(() => server.streams.length === 0);
});

test("a response is an open stream until its last byte is handed over", async (t) => {
  const app = () => new StreamingHttpResponse([new Uint8Array(20_000_000)]);
  const server = await serving(t, app);
  using client = await RawClient.open(server.port);
  client.socket.pause();
  client.write(get("/handed-over", "Connection: close"));
  await eventually(() => server.streams[0]?.state === "waiting for the reader");
  assert.ok(!ended.some(({ url }) => url === "/handed-over"));
  const closed = once(client.socket, "close");
  client.socket.resume();
  await closed;
  assert.deepEqual(server.streams, []);
  assert.equal(ended.find(({ url }) => url === "/handed-over")?.outcome.bytes, 20_000_000);
});
