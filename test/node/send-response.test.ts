import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";
import { createRequestListener, sendResponse, type SendOptions } from "millrace/node";

import { openSession, readAll, ask } from "./support/http2-client.ts";
import { get, RawClient } from "./support/raw-client.ts";

/** A plain server of `node:http` for one test. */
async function listening(t: TestContext, listener: RequestListener): Promise<AddressInfo> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  return server.address() as AddressInfo; // it listens on TCP
}

test("it resolves with the outcome when the last byte has left", async (t) => {
  const { promise: outcome, resolve } = Promise.withResolvers<StreamOutcome>();
  const { port } = await listening(t, async (_, res) => {
    resolve(await sendResponse(res, new StreamingHttpResponse(["one", "two"])));
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), "onetwo");
  const { type, bytes, chunks } = await outcome;
  assert.deepEqual({ type, bytes, chunks }, { type: "complete", bytes: 6, chunks: 2 });
});

test("it resolves, and does not reject, when the source fails or the client leaves", async (t) => {
  const outcomes: StreamOutcome[] = [];
  const { port } = await listening(t, async (req, res) => {
    const response = new StreamingHttpResponse(async function* () {
      yield "first\n";
      if (req.url === "/fails") throw new Error("broken");
      await new Promise(() => {});
    });
    outcomes.push(await sendResponse(res, response, { onError() {} }));
  });
  using failing = await RawClient.open(port);
  failing.write(get("/fails"));
  await failing.end();
  const leaving = await RawClient.open(port);
  leaving.write(get("/left"));
  await leaving.until("first\n");
  leaving[Symbol.dispose]();
  while (outcomes.length < 2) await new Promise(setImmediate);
  assert.deepEqual(
    outcomes.map(({ type }) => type),
    ["failed", "cancelled"],
  );
});

test("a second response for the same request is refused with RESPONSE_SENT", async (t) => {
  const errors: unknown[] = [];
  const { port } = await listening(t, async (_, res) => {
    await sendResponse(res, new StreamingHttpResponse(["first"]));
    await sendResponse(res, new StreamingHttpResponse(["second"])).catch((e) => errors.push(e));
    res.end(); // as a framework might
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), "first");
  while (errors.length === 0) await new Promise(setImmediate);
  assert.equal((errors[0] as { code: string }).code, "RESPONSE_SENT");
});

test("a response that is sent for two requests is refused with SOURCE_USED, and nothing is written", async (t) => {
  const response = new StreamingHttpResponse(["once"]);
  const { port } = await listening(t, async (_, res) => {
    await sendResponse(res, response).catch((error: { code: string }) => {
      res.statusCode = 503;
      res.end(error.code);
    });
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), "once");
  const second = await fetch(`http://127.0.0.1:${port}`);
  assert.deepEqual([second.status, await second.text()], [503, "SOURCE_USED"]);
});

test("headers that were set before stay, those of the response win, cookies of both are sent", async (t) => {
  const { port } = await listening(t, (_, res) => {
    res.setHeader("x-framework", "here");
    res.setHeader("content-type", "text/plain");
    res.setHeader("set-cookie", "framework=1");
    const response = new StreamingHttpResponse(["x"], { contentType: "text/csv" });
    response.headers.append("set-cookie", "app=2");
    void sendResponse(res, response);
  });
  const { headers } = await fetch(`http://127.0.0.1:${port}`);
  assert.equal(headers.get("x-framework"), "here");
  assert.equal(headers.get("content-type"), "text/csv");
  assert.deepEqual(headers.getSetCookie(), ["framework=1", "app=2"]);
});

test("mistakes are rejected before anything is written", async (t) => {
  const wrong: [response: unknown, options: object, code: string][] = [
    [undefined, {}, "APP_RETURNED_NO_RESPONSE"],
    ["text", {}, "APP_RETURNED_NO_RESPONSE"],
    [new Response(), { headgrace: 1 }, "OPTION_UNKNOWN"],
    [new Response(), { headGrace: "1s" }, "OPTION_INVALID"],
    [new Response(), { limits: { idle: -1 } }, "OPTION_INVALID"],
    [new Response(), { limits: { requestHead: 1 } }, "OPTION_UNKNOWN"],
  ];
  const { port } = await listening(t, async (_, res) => {
    for (const [response, options, code] of wrong) {
      const sent = sendResponse(res, response as Response, options as SendOptions);
      await assert.rejects(sent, { code });
    }
    await sendResponse(res, new Response("fine"));
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), "fine");
  assert.throws(() => createRequestListener(5 as never), { code: "APP_INVALID" });
  assert.throws(() => createRequestListener(() => new Response(), { port: 1 } as object), {
    code: "OPTION_UNKNOWN",
  });
});

test("a framework that ends the response itself ends the stream as cancelled", async (t) => {
  const { promise: outcome, resolve } = Promise.withResolvers<StreamOutcome>();
  const { port } = await listening(t, async (_, res) => {
    const response = new StreamingHttpResponse(async function* () {
      yield "first\n";
      await new Promise(() => {});
    });
    const sent = sendResponse(res, response);
    setTimeout(() => res.end(), 20);
    resolve(await sent);
  });
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  assert.equal((await outcome).type, "cancelled");
});

test("it sends through a server of `node:http2`, headers that were set before included", async (t) => {
  const server = createHttp2Server((_, res) => {
    res.setHeader("x-framework", "here");
    void sendResponse(res, new StreamingHttpResponse(["one", "two"], { status: 201 }));
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  using session = await openSession({ url: `http://127.0.0.1:${port}` });
  const answer = await readAll(ask(session, { ":path": "/" }));
  const seen = [answer.status, answer.headers["x-framework"], answer.text, answer.code];
  assert.deepEqual(seen, [201, "here", "onetwo", 0]);
});
