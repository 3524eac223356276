import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import type { ServeOptions } from "millrace/node";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { curl } from "../support/curl.ts";
import { missing } from "../support/required.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { endOf } from "./support/responses.ts";
import { serving } from "./support/serving.ts";

async function answer(request: Request): Promise<Response> {
  const { protocol } = new URL(request.url);
  await request.text(); // curl 7.88 takes an HTTP/2 answer that is complete before its upload for an error, now and then
  return new StreamingHttpResponse(
    async function* () {
      yield `${request.method} ${protocol}\n`;
      yield "second\n";
    },
    {
      headers: {
        connection: "x-secret",
        "keep-alive": "timeout=99",
        "transfer-encoding": "gzip",
        upgrade: "h3",
        "x-plain": "stays",
      },
    },
  );
}

const report = ["-w", "%{stderr}%{http_version} %{http_code}"];

describe("protocols", { skip: missing("openssl") }, () => {
  let tls: ServeOptions["tls"];
  before(() => {
    tls = makeCertificate();
  });

  /** How curl asks, of which server, and which version it must get. */
  const ways: [
    name: string,
    args: string[],
    server: "tls" | "plain",
    http2: boolean,
    version: string,
  ][] = [
    ["HTTP/1.1", ["--http1.1"], "plain", false, "1.1"],
    ["HTTP/1.1 beside h2c", ["--http1.1"], "plain", true, "1.1"],
    ["HTTP/1.0", ["--http1.0"], "plain", false, "1.1"],
    ["HTTP/1.0 beside h2c", ["--http1.0"], "plain", true, "1.1"],
    ["h2c", ["--http2-prior-knowledge"], "plain", true, "2"],
    ["a wish to upgrade to h2c", ["--http2"], "plain", true, "1.1"],
    ["HTTPS", ["--http1.1"], "tls", false, "1.1"],
    ["HTTP/2 over ALPN", ["--http2"], "tls", true, "2"],
    ["HTTPS where HTTP/2 is offered", ["--http1.1"], "tls", true, "1.1"],
    // (curl offers "http/1.0" by ALPN otherwise, which Node's HTTP/2 server cannot be made to know.)
    ["HTTP/1.0 over TLS", ["--http1.0", "--no-alpn"], "tls", true, "1.1"],
    ["HTTPS without ALPN", ["--no-alpn"], "tls", true, "1.1"],
    ["HTTPS asked for HTTP/2 that is not offered", ["--http2"], "tls", false, "1.1"],
  ];
  for (const [name, args, kind, http2, version] of ways) {
    test(`${name} is answered in HTTP/${version}, and says how it came`, async (t) => {
      const server = await serving(t, answer, { http2, tls: kind === "tls" ? tls : undefined });
      const all = ["-k", "-i", "-X", "POST", "-d", "x", ...args, ...report, `${server.url}/way`];
      const { code, text, stderr } = await curl(all);
      assert.equal(code, 0, stderr);
      assert.match(text, new RegExp(`POST ${kind === "tls" ? "https" : "http"}:\nsecond\n$`));
      assert.match(text, /^x-plain: stays\r$/m);
      assert.doesNotMatch(text, /x-secret|timeout=99|gzip|h3/);
      assert.match(stderr, new RegExp(`${version} 200$`));
      if (version === "2") assert.doesNotMatch(text, /^(connection|keep-alive|upgrade)/im);
    });
  }

  test("`httpVersion` in diagnostics is the one of the request", async (t) => {
    const server = await serving(t, answer, { http2: true });
    await curl(["--http1.0", `${server.url}/version/1.0`]);
    await curl(["--http1.1", `${server.url}/version/1.1`]);
    await curl(["--http2-prior-knowledge", `${server.url}/version/2.0`]);
    for (const version of ["1.0", "1.1", "2.0"]) {
      const { httpVersion, outcome } = await endOf(`/version/${version}`);
      assert.deepEqual([httpVersion, outcome.type], [version, "complete"]);
    }
  });

  test("TLS without HTTP/2 refuses a client that speaks nothing but HTTP/2", async (t) => {
    const server = await serving(t, answer, { tls });
    const { connect } = await import("node:tls");
    const socket = connect({
      ...{ port: server.port, host: "127.0.0.1", rejectUnauthorized: false },
      ALPNProtocols: ["h2"],
    });
    const error = await new Promise((resolve) => socket.once("error", resolve));
    assert.match(String(error), /no.application.protocol/i);
  });
});

for (const [name, bytes] of [
  ["HTTP/1.1", get("/", "Connection: close")],
  [
    "a method that begins like the preface of HTTP/2",
    "PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  ],
] as const) {
  test(`${name}, one byte at a time, is understood on a port that also speaks h2c`, async (t) => {
    const server = await serving(t, answer, { http2: true });
    using client = await RawClient.open(server.port);
    client.socket.setNoDelay(true);
    for (const byte of bytes) {
      client.write(byte);
      await new Promise(setImmediate);
    }
    await client.end();
    assert.deepEqual(statusesIn(client.text), [200]);
  });
}

test("the preface of HTTP/2, one byte at a time, is understood", async (t) => {
  const server = await serving(t, answer, { http2: true });
  const { preface, frame, frameTypes, getFrame } = await import("./support/frames.ts");
  const { framesIn } = await import("./support/frames.ts");
  using client = await RawClient.open(server.port);
  client.socket.setNoDelay(true);
  for (const byte of Buffer.concat([preface, frame("settings", 0, 0), getFrame(1, "/")])) {
    client.socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  await client.until("second\n");
  const { data, headers } = frameTypes;
  const types = framesIn(Buffer.from(client.text, "latin1")).map(({ type }) => type);
  assert.ok(types.includes(headers) && types.includes(data));
});

test("pipelined with its first bytes, more requests are answered on a port that also speaks h2c", async (t) => {
  const server = await serving(t, answer, { http2: true });
  const text = await RawClient.exchange(
    server.port,
    get("/1") + get("/2") + get("/3", "Connection: close"),
  );
  assert.deepEqual(statusesIn(text), [200, 200, 200]);
});

test("what a response that came from `fetch` says of its own connection does not keep ours", async (t) => {
  const proxied = () => new Response("x", { headers: { connection: "keep-alive" } });
  const server = await serving(t, proxied);
  const text = await RawClient.exchange(server.port, get("/", "Connection: close"));
  assert.match(text, /^connection: close\r$/im);
});

test("an app may close its connection", async (t) => {
  const closing = () => new Response("x", { headers: { connection: "close" } });
  const server = await serving(t, closing);
  assert.match(await RawClient.exchange(server.port, get("/")), /^connection: close\r$/im);
});

test("a client that says nothing sensible is refused, and others are served", async (t) => {
  const server = await serving(t, answer, { http2: true });
  for (const nonsense of ["\0\0\0\0", "PRI nonsense\r\n\r\n", "\x16\x03\x01\x02\0\x01\0"]) {
    using client = await RawClient.open(server.port);
    client.write(nonsense);
    await client.end();
    assert.ok(!client.text.includes(" 200 "));
  }
  assert.equal((await fetch(server.url)).status, 200);
});
