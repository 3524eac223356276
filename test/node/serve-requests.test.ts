import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:http2";
import { before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import type { ServeOptions, Server } from "millrace/node";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { END_HEADERS, frame, requestBlock, uint32 } from "./support/frames.ts";
import { openSession, over, readAll, ask } from "./support/http2-client.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { RawSession } from "./support/raw-session.ts";
import { endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

const MIB = 2 ** 20;

test("a request has its method, URL, fields and JSON", async (t) => {
  const app = async (request: Request) =>
    Response.json({
      method: request.method,
      url: request.url,
      field: request.headers.get("x-field"),
      body: await request.json(),
    });
  const server = await serving(t, app, { http2: true });
  const url = `${server.url}/a%20b/%C3%A9?q=1&q=%2F`;
  const asked = { method: "PUT", body: '{"é":[1]}', headers: { "x-field": "caf\u00e9" } };
  const whole = { method: "PUT", url, field: "caf\u00e9", body: { é: [1] } };
  assert.deepEqual(await (await fetch(url, asked)).json(), whole);

  using session = await openSession(server);
  const { pathname, search, host } = new URL(url);
  const fields = { ":method": "PUT", ":path": pathname + search, ":authority": host };
  const stream = ask(session, { ...fields, "x-field": "caf\u00e9" }, { body: true });
  stream.end(asked.body);
  assert.deepEqual(JSON.parse((await readAll(stream)).text), whole);
});

test("a large upload arrives as a stream, while the response is sent", async (t) => {
  const app = (request: Request) =>
    new StreamingHttpResponse(async function* () {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const chunk of request.body ?? []) {
        if (bytes === 0) yield "began\n";
        bytes += chunk.length;
        hash.update(chunk);
      }
      yield `${bytes} ${hash.digest("hex")}\n`;
    });
  const server = await serving(t, app, { http2: true });
  const piece = Buffer.alloc(MIB, "upload");
  const sum = createHash("sha256");
  for (let count = 0; count < 20; count++) sum.update(piece);
  const expected = `began\n${20 * MIB} ${sum.digest("hex")}\n`;

  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent++ < 20) controller.enqueue(piece);
      else controller.close();
    },
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
  assert.equal(await (await fetch(server.url, init)).text(), expected);

  using session = await openSession(server);
  const stream = ask(session, { ":method": "POST", ":path": "/" }, { body: true });
  const answer = readAll(stream);
  for (let count = 0; count < 20; count++) {
    if (!stream.write(piece)) await once(stream, "drain");
  }
  stream.end();
  assert.equal((await answer).text, expected);
});

test("an upload that nobody reads is answered all the same, and bounds what is taken of it", async (t) => {
  const server = await serving(t, () => new Response("no, thanks"));
  using client = await RawClient.open(server.port);
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${1000 * MIB}\r\n\r\n`);
  client.socket.write(Buffer.alloc(MIB));
  await client.until("no, thanks");
  assert.deepEqual(statusesIn(client.text), [200]);
});

test("a client that asks `Expect: 100-continue` is told to go on", async (t) => {
  const server = await serving(t, async (request) => new Response(await request.text()));
  using client = await RawClient.open(server.port);
  const fields = ["Host: a", "Content-Length: 4", "Expect: 100-continue", "Connection: close"];
  client.write(`POST / HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
  await client.until("100 Continue\r\n\r\n");
  client.write("body");
  await client.end();
  assert.deepEqual(statusesIn(client.text), [100, 200]);
  assert.match(client.text, /body$/);
});

test("a target that is absolute, `*` or nonsense reaches the app as a URL", async (t) => {
  const server = await serving(t, ({ url }) => new Response(url));
  for (const [target, url] of [
    ["http://other.example/x?y", "http://other.example/x?y"],
    ["//double//slash", "http://a//double//slash"],
    ["/%zz?%", "http://a/%zz?%"],
  ] as const) {
    const asked = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const text = await RawClient.exchange(server.port, asked);
    assert.ok(text.endsWith(`\r\n\r\n${url}`), text);
  }
  const star = "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  assert.deepEqual(statusesIn(await RawClient.exchange(server.port, star)), [200]);
});

test("an upload over HTTP/2 that its client resets is not taken for whole", async (t) => {
  const { promise: body, resolve } = Promise.withResolvers<string>();
  const app = async (request: Request) => {
    resolve(await request.text().catch(() => "was cut"));
    return new Response();
  };
  const server = await serving(t, app, { http2: true });
  using raw = await RawSession.open(server);
  const head = frame("headers", END_HEADERS, 1, requestBlock("/", { method: "POST" }));
  raw.send(head, frame("data", 0, 1, Buffer.from("half of it")));
  await delay(50);
  raw.send(frame("reset", 0, 1, uint32(constants.NGHTTP2_CANCEL)));
  assert.equal(await body, "was cut");
});

describe("a client that leaves", { skip: missing("openssl") }, () => {
  let tls: ServeOptions["tls"];
  before(() => {
    tls = makeCertificate();
  });

  /** Reports what an app sees of a client that leaves, before and after it has answered. */
  async function watched(options: ServeOptions, t: Parameters<typeof serving>[0]) {
    const seen: string[] = [];
    const app = async (request: Request) => {
      const path = pathOf(request);
      request.signal.addEventListener("abort", () => seen.push(`${path} request`));
      if (path === "/upload") {
        const end = (how: string) => () => void seen.push(`${path} body ${how}`);
        await request.text().then(end("ended well"), end("was cut"));
      } else if (path === "/before") {
        seen.push(`${path} here`);
        await once(request.signal, "abort");
      }
      return new StreamingHttpResponse(async function* ({ signal }) {
        signal.addEventListener("abort", () => seen.push(`${path} source`));
        yield "first\n";
        await delay(60_000, undefined, { signal });
      });
    };
    return { seen, server: await serving(t, app, options) };
  }

  const protocols: [name: string, options: () => ServeOptions, open: typeof overHttp1][] = [
    ["HTTP/1.1", () => ({}), overHttp1],
    ["HTTP/1.1 beside h2c", () => ({ http2: true }), overHttp1],
    ["h2c", () => ({ http2: true }), overHttp2],
    ["HTTPS", () => ({ tls }), overHttp1],
    ["HTTP/2 over TLS", () => ({ tls, http2: true }), overHttp2],
  ];
  for (const [name, options, open] of protocols) {
    test(`aborts \`request.signal\` and the source's over ${name}`, async (t) => {
      const { seen, server } = await watched(options(), t);
      for (const path of ["/after", "/before", "/upload"]) {
        const leave = await open(server, path);
        if (path === "/before") await eventually(() => seen.includes("/before here"));
        leave();
        await eventually(() => seen.includes(`${path} request`), { what: `abort of ${path}` });
        const { outcome } = await endOf(path);
        assert.equal(outcome.type, "cancelled");
        if (path === "/after") await eventually(() => seen.includes("/after source"));
        if (path === "/upload") {
          await eventually(() => seen.some((what) => what.startsWith("/upload body")));
          assert.ok(seen.includes("/upload body was cut"), "half an upload looked whole");
        }
      }
      assert.ok(
        !seen.includes("/before source"),
        "a source was started for a client that had left",
      );
      assert.deepEqual(server.streams, []);
    });
  }
});

/** Asks for a path, waits for the first bytes of a stream, and returns how to leave. */
async function overHttp1(server: Server, path: string): Promise<() => void> {
  const client = await RawClient.open(server.port, { tls: server.url.startsWith("https:") });
  const upload = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of it`;
  client.write(path === "/upload" ? upload : get(path));
  if (path === "/after") await client.until("first\n");
  else await delay(50); // until the server has it; there is nothing to see
  return () => client[Symbol.dispose]();
}

async function overHttp2(server: Server, path: string): Promise<() => void> {
  const session = await openSession(server);
  const method = path === "/upload" ? "POST" : "GET";
  const stream = ask(session, { ":path": path, ":method": method }, { body: method === "POST" });
  if (method === "POST") stream.write("half of it");
  if (path === "/after") await once(stream, "data");
  else await delay(50);
  return () => {
    // (Node's client ends an upload properly before it resets it, so that one goes with its session.)
    if (method === "POST") return session.destroy();
    stream.close(constants.NGHTTP2_CANCEL);
    void over(stream).then(() => session.destroy());
  };
}
