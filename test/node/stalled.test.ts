import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { missing } from "../support/required.ts";
import { frame, getFrame, setting, uint32 } from "./support/frames.ts";
import { openSession, over, ask } from "./support/http2-client.ts";
import { get, RawClient } from "./support/raw-client.ts";
import { RawSession } from "./support/raw-session.ts";
import { endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";
import { within } from "../support/within.ts";

const LIMIT = 500;
const block = new Uint8Array(64 * 1024);

/** `/endless` yields as fast as it is read, `/quiet` hardly ever; anything else yields a little and ends. */
const app = (request: Request) => {
  const path = pathOf(request);
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      if (path.startsWith("/endless")) while (true) yield block;
      yield "data: 1\n\n";
      if (path.startsWith("/quiet")) await delay(5 * LIMIT, undefined, { signal });
      yield "data: 2\n\n";
    },
    { contentType: "text/event-stream" },
  );
};
const limits = { stalled: LIMIT };

describe("a reader that takes nothing", { concurrency: true }, () => {
  for (const [name, options, skip] of [
    ["HTTP/1.1", () => ({}), false],
    ["HTTP/1.1 beside h2c", () => ({ http2: true }), false],
    ["HTTPS", () => ({ tls: makeCertificate() }), missing("openssl")],
  ] as const) {
    test(
      `is cut off over ${name}, while a quiet stream of the same server lives on`,
      { skip },
      async (t) => {
        const server = await serving(t, app, { ...options(), limits });
        const tls = server.url.startsWith("https:");
        using quiet = await RawClient.open(server.port, { tls });
        quiet.write(get("/quiet", "Connection: close"));
        await quiet.until("data: 1");
        using stalled = await RawClient.open(server.port, { tls });
        stalled.socket.pause();
        const url = `/endless?${name.replaceAll(" ", "-")}`;
        stalled.write(get(url));
        const { outcome } = await endOf(url);
        assert.equal(outcome.type, "timed-out");
        assert.equal((outcome.error as { code: string }).code, "LIMIT_STALLED");
        stalled.socket.resume();
        await stalled.end();
        assert.ok(!stalled.text.endsWith("0\r\n\r\n"), "it looked complete");
        await quiet.end();
        assert.match(quiet.text, /data: 2\n\n\r\n0\r\n\r\n$/);
      },
    );
  }

  test("is cut off over HTTP/2 when its window stays shut, while other streams of its session live on", async (t) => {
    const server = await serving(t, app, { http2: true, limits });
    using session = await openSession(server);
    session.setLocalWindowSize(2 ** 24);
    const quiet = ask(session, { ":path": "/quiet" }).resume();
    await once(quiet, "data");
    const stalled = ask(session, { ":path": "/endless?window" });
    await once(stalled, "readable");
    const { outcome } = await endOf("/endless?window");
    assert.equal(outcome.type, "timed-out");
    stalled.resume();
    await within(over(stalled), "the reset of the stalled stream");
    assert.notEqual(stalled.rstCode, 0);
    await within(over(quiet), "the end of the quiet stream");
    assert.equal(quiet.rstCode, 0);
  });

  test("is cut off over HTTP/2 when it never opens a window at all", async (t) => {
    const server = await serving(t, app, { http2: true, limits });
    using raw = await RawSession.open(server, setting(4, 0));
    raw.send(getFrame(1, "/small?no-window"), getFrame(3, "/endless?no-window"));
    for (const url of ["/small?no-window", "/endless?no-window"]) {
      assert.equal((await endOf(url)).outcome.type, "timed-out", url);
    }
    assert.equal(raw.hasEnded(1) || raw.hasEnded(3), false);
  });
});

describe("a reader that takes little", { concurrency: true }, () => {
  test("is not cut off over HTTP/1.1", async (t) => {
    const server = await serving(t, app, { limits });
    using client = await RawClient.open(server.port);
    client.socket.pause();
    client.write(get("/endless?drip"));
    // The kernels hold megabytes, and report no smaller progress than a third of them.
    const timer = setInterval(() => client.socket.read(256 * 1024), LIMIT / 20);
    await delay(4 * LIMIT);
    clearInterval(timer);
    assert.equal(server.streams.length, 1, "it was cut off");
    assert.equal((await endOf("/endless?drip")).outcome.type, "timed-out"); // now that it takes nothing
  });

  test("is not cut off over HTTP/2", async (t) => {
    const server = await serving(t, app, { http2: true, limits });
    using raw = await RawSession.open(server, setting(4, 0));
    raw.send(getFrame(1, "/endless?drip-h2"));
    // Node reports a block of 64 KiB when all of it has left, so that is what a reader must take within the limit.
    const take = () =>
      raw.send(...[0, 1].map((id) => frame("windowUpdate", 0, id, uint32(16_384))));
    const timer = setInterval(take, LIMIT / 10);
    await delay(4 * LIMIT);
    clearInterval(timer);
    assert.equal(server.streams.length, 1, "it was cut off");
    assert.equal((await endOf("/endless?drip-h2")).outcome.type, "timed-out");
  });
});

test("a reader that pauses for less than the limit gets everything", async (t) => {
  const finite = () => new StreamingHttpResponse(Array.from({ length: 200 }, () => block));
  const server = await serving(t, finite, { limits: { stalled: 2_000 } });
  using client = await RawClient.open(server.port);
  client.socket.pause();
  client.write(get("/pause", "Connection: close"));
  await delay(700);
  client.socket.resume();
  await client.end();
  assert.ok(client.text.endsWith("0\r\n\r\n"));
  assert.equal((await endOf("/pause")).outcome.bytes, 200 * block.length);
});

test("`stalled: false` lets a reader take its time", async (t) => {
  const server = await serving(t, app, { limits: { stalled: false } });
  using client = await RawClient.open(server.port);
  client.socket.pause();
  client.write(get("/endless?off"));
  await delay(2 * LIMIT);
  const [stream] = server.streams;
  assert.equal(stream?.state, "waiting for the reader");
});
