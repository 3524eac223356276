import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import type { Server } from "millrace/node";

import { openSession, readAll, ask } from "./support/http2-client.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

const wholeBody = "a whole body\n";

/** Responses as apps make them. */
const responses: Record<string, () => Response> = {
  "/text": () => new Response(wholeBody, { status: 201, statusText: "Made Here" }),
  "/json": () => Response.json({ a: [1, 2] }),
  "/redirect": () => Response.redirect("https://example.com/there", 303),
  "/empty": () => new Response(null, { status: 200 }),
  "/no-content": () => new Response(null, { status: 204 }),
  "/not-modified": () => new Response(null, { status: 304, headers: { etag: '"1"' } }),
  "/bytes": () => new Response(new Uint8Array([0, 255, 10])),
  "/blob": () => new Response(new Blob(["blob"], { type: "text/x-blob" })),
  "/form": () => new Response(new URLSearchParams({ a: "1 2" })),
  "/cookies": () => {
    const response = new StreamingHttpResponse(["x"]);
    response.headers.append("set-cookie", "a=1; Path=/");
    response.headers.append("set-cookie", "b=2, 3; Secure");
    response.headers.append("vary", "accept");
    response.headers.append("vary", "origin");
    return response;
  },
  "/latin": () => new Response("x", { headers: { "x-name": "caf\u00e9" } }),
  "/stream": () =>
    new StreamingHttpResponse(async function* () {
      yield "one";
      await new Promise(setImmediate); // what is whole at once gets a Content-Length
      yield "two";
    }),
  "/stream-with-length": () =>
    new StreamingHttpResponse(["one", "two"], { headers: { "content-length": "6" } }),
  "/stream-204": () => new StreamingHttpResponse(["never"], { status: 204 }),
};
const app = (request: Request): Response =>
  responses[pathOf(request)]?.() ?? new Response("no route", { status: 404 });

interface Seen {
  status: number;
  message: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Asks over one kept connection, and again, so that a broken framing would be seen. */
async function getTwice(server: Server, path: string): Promise<Seen> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const askOnce = async (): Promise<Seen & { port: number | undefined }> => {
    const outgoing = httpRequest(server.url + path, { agent }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const port = response.socket.localPort;
    const { statusCode: status = 0, statusMessage: message = "", headers } = response;
    const body = (await response.setEncoding("latin1").toArray()).join("");
    return { status, message, headers, body, port };
  };
  const { port: first, ...seen } = await askOnce();
  const { port: second } = await askOnce();
  agent.destroy();
  assert.equal(first, second, "the connection was not kept");
  return seen;
}

test("a plain Response gets a Content-Length, and its connection is kept", async (t) => {
  const server = await serving(t, app);
  for (const [path, length] of [
    ["/text", wholeBody.length],
    ["/json", 11],
    ["/bytes", 3],
    ["/blob", 4],
    ["/form", 5],
    ["/redirect", 0],
    ["/empty", 0],
  ] as const) {
    const { headers, body } = await getTwice(server, path);
    assert.equal(headers["content-length"], String(length), path);
    assert.equal(body.length, length, path);
    assert.equal(headers["transfer-encoding"], undefined, path);
  }
});

test("status and reason phrase are the response's", async (t) => {
  const server = await serving(t, app);
  const { status, message } = await getTwice(server, "/text");
  assert.deepEqual([status, message], [201, "Made Here"]);
  const redirect = await getTwice(server, "/redirect");
  assert.deepEqual([redirect.status, redirect.message], [303, "See Other"]);
  assert.equal(redirect.headers.location, "https://example.com/there");
});

test("a stream has no Content-Length unless the app gave one", async (t) => {
  const server = await serving(t, app);
  const { headers } = await getTwice(server, "/stream");
  assert.deepEqual(
    [headers["content-length"], headers["transfer-encoding"]],
    [undefined, "chunked"],
  );
  const declared = await getTwice(server, "/stream-with-length");
  assert.equal(declared.headers["content-length"], "6");
  assert.equal(declared.headers["transfer-encoding"], undefined);
});

test("204, 304 and HEAD have no body, and their connection is kept", async (t) => {
  const server = await serving(t, app);
  for (const [path, method, status] of [
    ["/no-content", "GET", 204],
    ["/stream-204", "GET", 204],
    ["/not-modified", "GET", 304],
    ["/text", "HEAD", 201],
    ["/stream", "HEAD", 200],
    ["/stream-with-length", "HEAD", 200],
    ["/missing", "HEAD", 404],
  ] as const) {
    const first = get(path).replace("GET", method);
    const text = await RawClient.exchange(server.port, first + get("/text", "Connection: close"));
    assert.deepEqual(statusesIn(text), [status, 201], path);
    const [head = "", after = ""] = text.split("\r\n\r\n");
    assert.match(after, /^HTTP\/1\.1 201/, `${method} ${path} has a body`);
    if (status < 400 && method === "GET") assert.doesNotMatch(head, /transfer-encoding/i);
  }
});

test("each Set-Cookie is a field of its own, other repeated fields are joined", async (t) => {
  const server = await serving(t, app, { http2: true });
  const { headers } = await getTwice(server, "/cookies");
  assert.deepEqual(headers["set-cookie"], ["a=1; Path=/", "b=2, 3; Secure"]);
  assert.equal(headers.vary, "accept, origin");
  using session = await openSession(server);
  const answer = await readAll(ask(session, { ":path": "/cookies" }));
  assert.deepEqual(answer.headers["set-cookie"], ["a=1; Path=/", "b=2, 3; Secure"]);
});

test("a field of Latin-1 arrives as it is", async (t) => {
  const server = await serving(t, app);
  assert.equal((await getTwice(server, "/latin")).headers["x-name"], "caf\u00e9");
});

test("over HTTP/2 the same responses have the same status and body", async (t) => {
  const server = await serving(t, app, { http2: true });
  using session = await openSession(server);
  for (const [path, method, status, length, body] of [
    ["/text", "GET", 201, "13", wholeBody],
    ["/json", "GET", 200, "11", '{"a":[1,2]}'],
    ["/redirect", "GET", 303, undefined, ""],
    ["/empty", "GET", 200, undefined, ""],
    ["/no-content", "GET", 204, undefined, ""],
    ["/not-modified", "GET", 304, undefined, ""],
    ["/stream", "GET", 200, undefined, "onetwo"],
    ["/stream", "HEAD", 200, undefined, ""],
    ["/stream-with-length", "GET", 200, "6", "onetwo"],
  ] as const) {
    const answer = await readAll(ask(session, { ":path": path, ":method": method }));
    const seen = [answer.status, answer.headers["content-length"], answer.text, answer.code];
    assert.deepEqual(seen, [status, length, body, 0], `${method} ${path}`);
  }
});

test("each of them has an outcome", async (t) => {
  const server = await serving(t, app);
  for (const path of ["/text", "/no-content", "/redirect", "/stream"]) {
    const url = `${path}?outcome`;
    await getTwice(server, url);
    const { status, outcome } = await endOf(url);
    assert.equal(outcome.type, "complete", path);
    assert.equal(status, responses[path]?.().status, path);
  }
});
