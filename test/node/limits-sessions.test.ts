import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { eventually } from "../support/eventually.ts";
import { END_STREAM, frame, frameTypes, getFrame, requestBlock } from "./support/frames.ts";
import { openSession, over, readAll, ask } from "./support/http2-client.ts";
import { RawSession } from "./support/raw-session.ts";
import { endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";
import { within } from "../support/within.ts";

const { NGHTTP2_ENHANCE_YOUR_CALM: calm, NGHTTP2_REFUSED_STREAM: refused } = constants;

/** `/quiet` yields once and goes on for as long as `?ms=` says; the rest is answered at once. */
const app = (request: Request) => {
  if (pathOf(request) !== "/quiet") return new Response("ok");
  const ms = Number(new URL(request.url).searchParams.get("ms") ?? 60_000);
  return new StreamingHttpResponse(async function* ({ signal }) {
    yield "begins\n";
    await delay(ms, undefined, { signal });
  });
};

describe("an HTTP/2 session", { concurrency: true }, () => {
  test("has no more than `sessionStreams` open streams, and is told so", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionStreams: 3 } });
    using session = await openSession(server);
    await eventually(() => session.remoteSettings.maxConcurrentStreams === 3);

    using raw = await RawSession.open(server);
    raw.send(...[1, 3, 5, 7, 9].map((stream) => getFrame(stream, "/quiet")));
    const resets = () => raw.frames.filter(({ type }) => type === frameTypes.reset);
    await eventually(() => resets().length === 2);
    assert.deepEqual(
      resets().map(({ stream, payload }) => [stream, payload.readUInt32BE()]),
      [7, 9].map((stream) => [stream, refused]),
    );
    assert.equal(server.streams.length, 3);
  });

  test("that begins more than `sessionRate` streams is told to calm down, and others are served", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionRate: 20 } });
    using other = await openSession(server);
    using session = await openSession(server);
    const goaway = once(session, "goaway") as Promise<[code: number]>;
    const answers: Promise<void>[] = [];
    for (let count = 0; count < 20; count++) answers.push(over(ask(session, {}).resume()));
    await Promise.all(answers);
    assert.equal(session.destroyed, false);
    ask(session, {});
    assert.deepEqual((await goaway).slice(0, 1), [calm]);
    await within(
      new Promise((resolve) => session.once("close", resolve)),
      "the end of the session",
    );
    assert.equal((await readAll(ask(other, {}))).text, "ok");
  });

  test("is closed when no stream was open for `sessionIdle`", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionIdle: 300 } });
    using unused = await openSession(server);
    using used = await openSession(server);
    const closed = [unused, used].map((session) => once(session, "close"));
    await readAll(ask(used, {}));
    await within(Promise.all(closed), "the end of idle sessions");
  });

  test("is not closed while a quiet stream is open, and is closed when that is over", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionIdle: 300 } });
    using session = await openSession(server);
    const closed = once(session, "close");
    const { text, code } = await readAll(ask(session, { ":path": "/quiet?ms=1000" }));
    assert.deepEqual([text, code], ["begins\n", 0]);
    await within(closed, "the end of an idle session");
  });

  test("without a stream is closed although its client sends PINGs", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionIdle: 300 } });
    using session = await openSession(server);
    const closed = once(session, "close");
    const timer = setInterval(() => session.destroyed || session.ping(() => {}), 50);
    await within(closed, "the end of an idle session").finally(() => clearInterval(timer));
  });

  test("whose client stops in the middle of a head is closed", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionIdle: 300 } });
    using raw = await RawSession.open(server);
    raw.send(frame("headers", END_STREAM, 1, requestBlock("/"))); // END_HEADERS never comes
    await raw.client.end();
    assert.equal(raw.frames.filter(({ type }) => type === frameTypes.headers).length, 0);
  });

  test("whose client drips a head in CONTINUATION frames is closed", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionIdle: 300 } });
    using raw = await RawSession.open(server);
    raw.send(frame("headers", END_STREAM, 1, requestBlock("/")));
    const field = Buffer.from("\0\x01x\x01y"); // x: y, not indexed
    const timer = setInterval(() => raw.send(frame("continuation", 0, 1, field)), 50);
    await raw.client.end().finally(() => clearInterval(timer));
  });

  test("whose client answers no PING is closed, and its streams are cancelled, not ended", async (t) => {
    const server = await serving(t, app, { http2: true, limits: { sessionPing: 200 } });
    using alive = await openSession(server);
    const quiet = ask(alive, { ":path": "/quiet" });
    await once(quiet, "data");

    using raw = await RawSession.open(server);
    raw.send(getFrame(1, "/quiet?ms=60001"));
    await eventually(() => raw.frames.some(({ type }) => type === frameTypes.ping));
    await raw.client.end(20_000); // the server waits 10 s for an answer
    assert.equal(raw.hasEnded(1), false);
    assert.equal((await endOf("/quiet?ms=60001")).outcome.type, "cancelled");
    assert.equal(quiet.closed, false); // its client has answered all the while
  });

  test("takes fields as the limits say, and refuses a head beyond them", async (t) => {
    const limits = { headerBytes: 3_000, headerCount: 10 };
    const server = await serving(t, app, { http2: true, limits });
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "x"]));
    for (const [fields, taken] of [
      [many(10), true],
      [many(11), false],
      [{ x: "x".repeat(2_500) }, true],
      [{ x: "x".repeat(3_100) }, false],
    ] as const) {
      using session = await openSession(server, { maxSendHeaderBlockLength: 100_000 });
      const { status, code } = await readAll(ask(session, { ...fields }));
      if (taken) assert.deepEqual([status, code], [200, 0]);
      else assert.ok(status === 431 || code !== 0, `status ${status}, code ${code}`);
    }
    using session = await openSession(server);
    assert.equal((await readAll(ask(session, {}))).status, 200);
  });
});
