import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type MillraceError } from "millrace";
import { serve, type Server, type ServeOptions } from "millrace/node";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { END_STREAM, frame, getFrame, requestBlock, setting } from "./support/frames.ts";
import { openSession, over, readAll, ask } from "./support/http2-client.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { RawSession } from "./support/raw-session.ts";
import { endOf } from "./support/responses.ts";
import { pathOf } from "./support/serving.ts";
import { within } from "../support/within.ts";

/** Long enough that no test may wait for it. */
const DRAIN = 60_000;

/** `/stream` yields "begins", and "ends" after `finish()`; `/endless` never ends; `/handler` waits before it answers. */
function makeApp() {
  const { promise: mayEnd, resolve: finish } = Promise.withResolvers<void>();
  const reasons: unknown[] = [];
  const app = async (request: Request) => {
    const path = pathOf(request);
    if (path === "/plain") return new Response("plain\n");
    if (path === "/handler") await mayEnd;
    return new StreamingHttpResponse(async function* ({ signal }) {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      yield "begins\n";
      const left = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await (path === "/endless" ? left : Promise.race([mayEnd, left]));
      yield "ends\n";
    });
  };
  return { app, finish, reasons };
}

const start = (app: ReturnType<typeof makeApp>["app"], options: ServeOptions = {}) =>
  serve(app, { port: 0, onError() {}, ...options });

/** That `close` resolves although it has a minute, and leaves no connection. */
const closes = (server: Server, options: { drain?: number } = { drain: DRAIN }) =>
  within(server.close(options), "the close of the server");

for (const [name, options, skip] of [
  ["HTTP/1.1", () => ({}), false],
  ["HTTP/1.1 beside h2c", () => ({ http2: true }), false],
  ["HTTPS", () => ({ tls: makeCertificate() }), missing("openssl")],
  ["HTTPS beside HTTP/2", () => ({ tls: makeCertificate(), http2: true }), missing("openssl")],
] as const) {
  describe(`closing a server of ${name}`, { skip, concurrency: true }, () => {
    const open = (server: Server) =>
      RawClient.open(server.port, { tls: server.url.startsWith("https:") });

    test("lets a stream finish, and takes no more connections", async () => {
      const { app, finish } = makeApp();
      const server = await start(app, options());
      using client = await open(server);
      client.write(get("/stream"));
      await client.until("begins");
      const closed = closes(server);
      await assert.rejects(RawClient.open(server.port), { code: "ECONNREFUSED" });
      finish();
      await closed;
      await client.end();
      assert.match(client.text, /begins\n[^]*ends\n\r\n0\r\n\r\n$/);
    });

    test("lets a request be answered whose app has not answered yet", async () => {
      const { app, finish } = makeApp();
      const server = await start(app, options());
      using client = await open(server);
      client.write(get("/handler"));
      await delay(50); // until the app has it
      const closed = closes(server);
      await delay(50);
      finish();
      await closed;
      await client.end();
      assert.match(client.text, /^connection: close\r\n[^]*begins\nends\n$/im);
    });

    test("answers what comes on a kept connection with Connection: close", async () => {
      const { app, finish } = makeApp();
      const server = await start(app, options());
      using client = await open(server);
      client.write(get("/stream"));
      await client.until("begins");
      const closed = closes(server);
      client.write(get("/plain")); // behind the stream
      await delay(50);
      finish();
      await closed;
      await client.end();
      assert.deepEqual(statusesIn(client.text), [200, 200]);
      assert.match(client.text, /connection: close\r\n[^]*plain\n$/i);
    });

    test("does not wait for connections that are kept, silent, or half-way through a request", async () => {
      const { app } = makeApp();
      const server = await start(app, { ...options(), limits: { requestHead: DRAIN } });
      using kept = await open(server);
      kept.write(get("/plain"));
      await kept.until("plain\n");
      using silent = await open(server);
      using bare = await RawClient.open(server.port); // not a byte, no handshake either
      using half = await open(server);
      half.write("GET / HTTP/1.1\r\nHost: a\r\n");
      using second = await open(server);
      second.write(get("/plain"));
      await second.until("plain\n");
      second.write("GET / HTTP/1.1\r\nHost: a\r\n");
      await delay(50); // until the server has it
      await closes(server);
      for (const client of [kept, silent, bare, half, second]) await client.end();
    });

    test("ends what is not over after the drain as cancelled, and visibly", async () => {
      const { app, reasons } = makeApp();
      const server = await start(app, options());
      using client = await open(server);
      const url = `/endless?${name.replaceAll(" ", "-")}`;
      client.write(get(url));
      await client.until("begins");
      const began = performance.now();
      await closes(server, { drain: 200 });
      assert.ok(performance.now() - began > 150);
      const { outcome } = await endOf(url);
      assert.equal(outcome.type, "cancelled");
      for (const error of [outcome.error, ...reasons]) {
        assert.equal((error as MillraceError).code, "SERVER_CLOSING");
      }
      assert.equal(reasons.length, 1);
      await client.end();
      assert.ok(!client.text.endsWith("0\r\n\r\n"));
    });

    test("with a drain of 0 ends everything now, also what an app has not answered", async () => {
      const { app } = makeApp();
      const server = await start(app, options());
      using stream = await open(server);
      stream.write(get("/endless"));
      await stream.until("begins");
      using waiting = await open(server);
      waiting.write(get("/handler"));
      await delay(50);
      await closes(server, { drain: 0 });
      await Promise.all([stream.end(), waiting.end()]);
      assert.deepEqual(server.streams, []);
    });
  });
}

describe("closing a server that speaks HTTP/2", { concurrency: true }, () => {
  test("lets streams finish, refuses new ones, and says goodbye", async () => {
    const { app, finish } = makeApp();
    const server = await start(app, { http2: true });
    using session = await openSession(server);
    const stream = ask(session, { ":path": "/stream" });
    const answer = readAll(stream);
    await new Promise((resolve) => stream.once("response", resolve));
    const goaway = new Promise((resolve) => session.once("goaway", resolve));
    const closed = closes(server);
    assert.equal(await goaway, 0);
    finish();
    const { text, code } = await answer;
    assert.deepEqual([text, code], ["begins\nends\n", 0]);
    await closed;
  });

  test("does not wait for sessions without a stream, whole or half-way through a request", async () => {
    const { app } = makeApp();
    const server = await start(app, { http2: true });
    using idle = await openSession(server);
    using used = await openSession(server);
    await readAll(ask(used, { ":path": "/plain" }));
    using half = await RawSession.open(server);
    half.send(frame("headers", END_STREAM, 1, requestBlock("/"))); // without END_HEADERS
    using preface = await RawClient.open(server.port);
    preface.write("PRI * HTTP/2.0\r\n");
    await delay(50);
    await closes(server);
    await eventually(() => idle.destroyed && used.destroyed);
    await Promise.all([half.client.end(), preface.end()]);
  });

  test("resets what is not over after the drain", async () => {
    const { app, reasons } = makeApp();
    const server = await start(app, { http2: true });
    using session = await openSession(server);
    const stream = ask(session, { ":path": "/endless?h2-drain" });
    await new Promise((resolve) => stream.once("data", resolve));
    await closes(server, { drain: 200 });
    await within(over(stream), "the end of the stream");
    assert.notEqual(stream.rstCode, 0);
    assert.equal((await endOf("/endless?h2-drain")).outcome.type, "cancelled");
    assert.equal((reasons[0] as MillraceError).code, "SERVER_CLOSING");
  });

  test("does not wait for a client that reads nothing and answers nothing", async () => {
    const { app } = makeApp();
    const server = await start(app, { http2: true });
    using raw = await RawSession.open(server, setting(4, 0));
    raw.send(getFrame(1, "/plain"));
    await eventually(() => server.streams.length === 1);
    await closes(server, { drain: 100 });
    assert.equal(raw.hasEnded(1), false);
  });
});

test("a second `close` returns the promise of the first", async () => {
  const server = await start(makeApp().app);
  const first = server.close();
  assert.equal(server.close({ drain: 0 }), first);
  await first;
  assert.equal(server.close(), first);
  await server[Symbol.asyncDispose]();
});

test("a stream that ends while the server closes does not hold it up", async () => {
  const { app, finish } = makeApp();
  const server = await start(app);
  using client = await RawClient.open(server.port);
  client.write(get("/stream"));
  await client.until("begins");
  const closed = closes(server);
  finish();
  await closed; // its connection would have been kept for 5 s
});

test("a source that does not listen does not hold the server up", async (t) => {
  t.mock.method(process, "emitWarning", () => {});
  const app = () =>
    new StreamingHttpResponse(async function* () {
      yield "begins\n";
      await delay(30_000, undefined, { ref: false });
    });
  const server = await serve(app, { port: 0 });
  using client = await RawClient.open(server.port);
  client.write(get("/deaf"));
  await client.until("begins");
  await closes(server, { drain: 0 });
});
