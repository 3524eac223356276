import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import type { ServeOptions } from "millrace/node";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { missing } from "../support/required.ts";
import { openSession, over, ask } from "./support/http2-client.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";
import { within } from "../support/within.ts";

const LIMIT = 300;
const app = async (request: Request): Promise<Response> => {
  if (pathOf(request) !== "/quiet") return new Response(`got ${(await request.text()).length}`);
  return new StreamingHttpResponse(async function* () {
    yield "begins\n";
    await delay(4 * LIMIT);
    yield "ends\n";
  });
};

/** Sends something every now and then until the connection is closed; resolves with how long that took, in ms. */
async function drip(client: RawClient, bytes: string): Promise<number> {
  const start = performance.now();
  const timer = setInterval(() => client.write(bytes), LIMIT / 6);
  await client.end().finally(() => clearInterval(timer));
  return performance.now() - start;
}

describe("a client that is slow to ask", { skip: missing("openssl"), concurrency: true }, () => {
  let tls: ServeOptions["tls"];
  before(() => {
    tls = makeCertificate();
  });
  const servers: [name: string, options: () => ServeOptions][] = [
    ["HTTP/1.1", () => ({})],
    ["HTTP/1.1 beside h2c", () => ({ http2: true })],
    ["HTTPS", () => ({ tls })],
    ["HTTPS beside HTTP/2", () => ({ tls, http2: true })],
  ];
  for (const [name, options] of servers) {
    const secure = name.startsWith("HTTPS");

    test(`is closed when its head drips in, over ${name}`, async (t) => {
      const server = await serving(t, app, { ...options(), limits: { requestHead: LIMIT } });
      using client = await RawClient.open(server.port, { tls: secure });
      client.write("GET / HTTP/1.1\r\nHost: a\r\n");
      assert.ok((await drip(client, "X: x\r\n")) > LIMIT * 0.5);
      assert.deepEqual(statusesIn(client.text), [408]);
    });

    test(`is closed when it says nothing at all, over ${name}`, async (t) => {
      const server = await serving(t, app, { ...options(), limits: { requestHead: LIMIT } });
      using client = await RawClient.open(server.port, { tls: secure });
      await client.end();
      assert.ok(!client.text.includes(" 200 "));
    });

    test(`is closed when the head of its second request drips in, over ${name}`, async (t) => {
      const server = await serving(t, app, { ...options(), limits: { requestHead: LIMIT } });
      using client = await RawClient.open(server.port, { tls: secure });
      client.write(get("/first"));
      await client.until("got 0");
      client.write("GET /second HTTP/1.1\r\nHost: a\r\n");
      await drip(client, "X: x\r\n");
      assert.deepEqual(statusesIn(client.text), [200, 408]);
    });

    test(`is closed when its body drips in, over ${name}`, async (t) => {
      const limits = { requestHead: LIMIT, request: LIMIT };
      const server = await serving(t, app, { ...options(), limits });
      using client = await RawClient.open(server.port, { tls: secure });
      const url = `/upload/${name.replaceAll(" ", "-")}`;
      client.write(`POST ${url} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n`);
      assert.ok((await drip(client, "x")) > LIMIT * 0.5);
      assert.ok(!client.text.includes(" 200 "));
      assert.equal((await endOf(url)).outcome.type, "cancelled");
    });

    test(`is not confused with a quiet stream, over ${name}`, async (t) => {
      const limits = { requestHead: LIMIT, request: LIMIT, keepAlive: LIMIT };
      const server = await serving(t, app, { ...options(), limits });
      using client = await RawClient.open(server.port, { tls: secure });
      client.write(get("/quiet", "Connection: close"));
      await client.end();
      assert.match(client.text, /begins\n[^]*ends\n[^]*0\r\n\r\n$/);
    });
  }

  for (const [name, http2] of [
    ["HTTPS", false],
    ["HTTPS beside HTTP/2", true],
  ] as const) {
    test(`is closed when it stops in the TLS handshake of ${name}`, async (t) => {
      const server = await serving(t, app, { tls, http2, limits: { requestHead: LIMIT } });
      using silent = await RawClient.open(server.port);
      using stopped = await RawClient.open(server.port);
      stopped.socket.write(Buffer.from("16030100fa010000f603", "hex")); // a tenth of a ClientHello
      await Promise.all([silent.end(), stopped.end()]);
    });
  }

  for (const bytes of ["P", "PR", "PRI * HTTP/2.0\r\n"]) {
    test(`is closed when it stops after ${JSON.stringify(bytes)}, where h2c may follow`, async (t) => {
      const limits = { requestHead: LIMIT, sessionIdle: LIMIT };
      const server = await serving(t, app, { http2: true, limits });
      using client = await RawClient.open(server.port);
      client.write(bytes);
      await client.end();
    });
  }

  test("is cut off when its upload drips in over HTTP/2, and its session lives on", async (t) => {
    const limits = { requestHead: LIMIT, request: LIMIT };
    const server = await serving(t, app, { http2: true, limits });
    using session = await openSession(server);
    const upload = ask(session, { ":method": "POST", ":path": "/h2-upload" }, { body: true });
    const timer = setInterval(() => upload.write("x"), LIMIT / 6);
    t.after(() => clearInterval(timer));
    await within(over(upload), "the end of the upload").finally(() => clearInterval(timer));
    assert.notEqual((await endOf("/h2-upload")).outcome.type, "complete");
    const other = ask(session, { ":path": "/" });
    other.resume();
    await over(other);
    assert.equal(other.rstCode, 0);
  });
});

test("an HTTP/1 connection is closed when nothing is asked on it for `keepAlive`", async (t) => {
  for (const http2 of [false, true]) {
    const server = await serving(t, app, { http2, limits: { keepAlive: LIMIT } });
    using client = await RawClient.open(server.port);
    client.write(get("/"));
    await client.until("got 0");
    await delay(LIMIT / 3);
    client.write(get("/")); // in time
    await client.end(); // Node adds a second of its own, for requests that are on their way
    assert.deepEqual(statusesIn(client.text), [200, 200]);
  }
});
