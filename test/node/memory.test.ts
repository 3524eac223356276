import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { eventually } from "../support/eventually.ts";
import { frame, getFrame, setting, uint32 } from "./support/frames.ts";
import { openSession, ask } from "./support/http2-client.ts";
import { get, RawClient } from "./support/raw-client.ts";
import { RawSession } from "./support/raw-session.ts";
import { serving } from "./support/serving.ts";

const MIB = 2 ** 20;
/** What the process may hold besides the chunk itself: the kernel's share is not counted here. */
const AIR = 16 * MIB;

/** Bytes outside the JavaScript heap: Buffers, and what native code keeps. */
function held(): number {
  return process.memoryUsage().external;
}

for (const http2 of [false, true]) {
  test(`one chunk of 100 MB for a slow reader is not copied, over HTTP/${http2 ? 2 : 1.1}`, async (t) => {
    const chunk = new Uint8Array(100 * MIB);
    const server = await serving(t, () => new StreamingHttpResponse([chunk]), { http2 });
    const before = held();
    if (http2) {
      const session = await openSession(server);
      t.after(() => session.destroy());
      const stream = ask(session, {});
      await once(stream, "readable");
    } else {
      const client = await RawClient.open(server.port);
      t.after(() => client[Symbol.dispose]());
      client.socket.pause();
      client.write(get("/"));
    }
    await eventually(() => server.streams[0]?.state === "waiting for the reader");
    await new Promise(setImmediate);
    const more = held() - before;
    assert.ok(more < AIR, `${(more / MIB).toFixed(1)} MiB more than before`);
    assert.ok((server.streams[0]?.bytes ?? 0) < AIR, "it was all handed over at once");
  });
}

test("one chunk of 100 MB of text for a slow reader is encoded piece by piece", async (t) => {
  const server = await serving(t, () => new StreamingHttpResponse(["é".repeat(50 * MIB)]));
  using client = await RawClient.open(server.port);
  const before = held();
  client.socket.pause();
  client.write(get("/"));
  await eventually(() => server.streams[0]?.state === "waiting for the reader");
  const more = held() - before;
  assert.ok(more < AIR, `${(more / MIB).toFixed(1)} MiB more than before`);
});

test("a hundred streams of one session whose windows are shut hold a batch each", async (t) => {
  const block = () => new Uint8Array(64 * 1024);
  const app = () =>
    new StreamingHttpResponse(async function* () {
      while (true) yield block();
    });
  const server = await serving(t, app, { http2: true });
  using raw = await RawSession.open(server, setting(4, 0));
  const before = held();
  for (let stream = 1; stream < 200; stream += 2) raw.send(getFrame(stream, "/"));
  const waiting = () => server.streams.filter(({ state }) => state === "waiting for the reader");
  await eventually(() => waiting().length === 100, { what: "100 streams that wait" });
  const more = held() - before;
  assert.ok(more < 2 * AIR, `${(more / MIB).toFixed(1)} MiB more than before`);
  raw.send(frame("windowUpdate", 0, 1, uint32(1_000)));
  await eventually(() => raw.frames.some(({ type, stream }) => type === 0 && stream === 1));
});
