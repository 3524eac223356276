import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { serve, type ServeOptions, type Server } from "millrace/node";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { missing } from "../support/required.ts";
import { RawClient, statusesIn } from "./support/raw-client.ts";
import { pathOf, serving } from "./support/serving.ts";

/** A second request, hidden where only one of two readings of the first sees it. */
const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/** A head of these lines. */
const head = (...lines: string[]) => [...lines, "", ""].join("\r\n");
const post = (...fields: string[]) => head("POST /first HTTP/1.1", "Host: a", ...fields);

/** Requests that can be read in two ways, or in none, and what becomes of them: RFC 9112 3.2, 5, 6.1, 6.3, 7.1. */
const vectors: [title: string, bytes: string, statuses: readonly number[]][] = [
  [
    "Content-Length and Transfer-Encoding",
    post("Content-Length: 5", "Transfer-Encoding: chunked") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "Transfer-Encoding and Content-Length",
    post("Transfer-Encoding: chunked", "Content-Length: 5") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "two Content-Lengths that differ",
    post("Content-Length: 0", `Content-Length: ${hidden.length}`) + hidden,
    [400],
  ],
  [
    "two Content-Lengths that agree",
    post("Content-Length: 0", "Content-Length: 0") + hidden,
    [400],
  ],
  ["a list of Content-Lengths", post(`Content-Length: 0, ${hidden.length}`) + hidden, [400]],
  ["a Content-Length with a sign", post("Content-Length: +0") + hidden, [400]],
  ["a negative Content-Length", post("Content-Length: -1") + hidden, [400]],
  ["a Content-Length in hexadecimal", post("Content-Length: 0x0") + hidden, [400]],
  ["an empty Content-Length", post("Content-Length:") + hidden, [400]],
  ["a Content-Length beyond 64 bits", post(`Content-Length: ${2n ** 64n}`) + hidden, [400]],
  [
    "a coding that is not the last chunked",
    post("Transfer-Encoding: chunked, identity") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "a coding that looks like chunked",
    post("Transfer-Encoding: xchunked") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "chunked twice",
    post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "chunked after a vertical tab",
    post("Transfer-Encoding: \x0bchunked") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  ["a space before the colon", post("Transfer-Encoding : chunked") + `0\r\n\r\n${hidden}`, [400]],
  [
    "a line that is folded",
    post("X: a", " Transfer-Encoding: chunked") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  ["a bare LF in the head", `POST /first HTTP/1.1\nHost: a\nContent-Length: 0\n\n${hidden}`, [400]],
  ["a bare CR in the head", post("X: a\rTransfer-Encoding: chunked") + `0\r\n\r\n${hidden}`, [400]],
  ["NUL in a field", post("X: a\0b") + hidden, [400]],
  ["NUL in a field's name", post("X\0Y: b") + hidden, [400]],
  ["a field without a name", post(": b") + hidden, [400]],
  ["a chunk size with 0x", post("Transfer-Encoding: chunked") + `0x0\r\n\r\n${hidden}`, [400]],
  ["a chunk size with a sign", post("Transfer-Encoding: chunked") + `+0\r\n\r\n${hidden}`, [400]],
  [
    "a chunk size beyond 64 bits",
    post("Transfer-Encoding: chunked") + `1${"0".repeat(16)}\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "a chunk that ends with LF alone",
    post("Transfer-Encoding: chunked") + `1\nx\n0\n\n${hidden}`,
    [400],
  ],
  [
    "a chunk without its CRLF",
    post("Transfer-Encoding: chunked") + `1\r\nx0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "a chunk extension with a bare LF",
    post("Transfer-Encoding: chunked") + `0;\n\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "a chunk extension of 64 KB",
    post("Transfer-Encoding: chunked") + `1;${"x".repeat(65_536)}\r\nx\r\n0\r\n\r\n${hidden}`,
    [413],
  ],
  [
    "Transfer-Encoding in HTTP/1.0",
    head("POST /first HTTP/1.0", "Host: a", "Transfer-Encoding: chunked") + `0\r\n\r\n${hidden}`,
    [400],
  ],
  [
    "Transfer-Encoding in HTTP/1.0 that is kept",
    head(
      "POST /first HTTP/1.0",
      "Host: a",
      "Connection: keep-alive",
      "Transfer-Encoding: chunked",
    ) + `0\r\n\r\n${hidden}`,
    [400],
  ],
  ["no Host", head("GET /first HTTP/1.1") + hidden, [400]],
  ["two Hosts that differ", head("GET /first HTTP/1.1", "Host: a", "Host: b") + hidden, [400]],
  ["two Hosts that agree", head("GET /first HTTP/1.1", "Host: a", "host: a") + hidden, [400]],
  ["HTTP/2.0 in words", head("GET /first HTTP/2.0", "Host: a") + hidden, [505]],
  ["HTTP/1.2", head("GET /first HTTP/1.2", "Host: a") + hidden, [400, 505]],
  ["HTTP/0.9", `GET /first\r\n${hidden}`, [400]],
  ["a version in small letters", head("GET /first http/1.1", "Host: a") + hidden, [400]],
  ["a space in the target", head("GET /fi rst HTTP/1.1", "Host: a") + hidden, [400]],
  ["a control character in the target", head("GET /fi\x01rst HTTP/1.1", "Host: a") + hidden, [400]],
  ["an unknown method", head("MILL /first HTTP/1.1", "Host: a") + hidden, [400]],
  [
    "a head of 20 KB",
    head("GET /first HTTP/1.1", "Host: a", `X: ${"x".repeat(20_000)}`) + hidden,
    [431],
  ],
  ["a target of 20 KB", head(`GET /${"x".repeat(20_000)} HTTP/1.1`, "Host: a") + hidden, [431]],
  [
    "101 fields",
    head("GET /first HTTP/1.1", "Host: a", ...Array(100).fill("X: x")) + hidden,
    [431],
  ],
  [
    "3,000 fields",
    head("GET /first HTTP/1.1", "Host: a", ...Array(3_000).fill("X:")) + hidden,
    [431],
  ],
];

/** What reached the app. */
const seen: string[] = [];
const app = async (request: Request) => {
  seen.push(pathOf(request));
  await request.text();
  return new Response("accepted");
};

const servers: [name: string, options: () => ServeOptions, skip: string | false][] = [
  ["HTTP/1.1", () => ({}), false],
  ["HTTP/1.1 beside h2c", () => ({ http2: true }), false],
  [
    "HTTP/1.1 beside HTTP/2 over TLS",
    () => ({ http2: true, tls: makeCertificate() }),
    missing("openssl"),
  ],
];
for (const [name, options, skip] of servers) {
  describe(`a request that is no request, over ${name}`, { skip }, () => {
    let server: Server;
    before(async () => {
      server = await serve(app, { port: 0, ...options() });
    });
    after(() => server.close({ drain: 0 }));

    for (const [title, bytes, statuses] of vectors) {
      test(`${title}: one refusal, and the app sees nothing hidden`, async () => {
        seen.length = 0;
        using client = await RawClient.open(server.port, { tls: server.url.startsWith("https:") });
        client.write(bytes);
        await client.end();
        const [status = 0, ...more] = statusesIn(client.text);
        assert.deepEqual(more, [], "there was a second response");
        assert.ok(statuses.includes(status), `status ${status}`);
        assert.match(client.text, /connection: close/i);
        assert.ok(!seen.includes("/hidden"), "the hidden request reached the app");
      });
    }
  });
}

test("100 fields and a head of 16 KB are taken", async (t) => {
  const server = await serving(t, (request) => new Response(request.headers.get("x") ?? ""));
  const many = head("GET / HTTP/1.1", "Host: a", "Connection: close", ...Array(98).fill("X: x"));
  assert.deepEqual(statusesIn(await RawClient.exchange(server.port, many)), [200]);
  const large = head("GET / HTTP/1.1", "Host: a", "Connection: close", `X: ${"x".repeat(16_000)}`);
  assert.deepEqual(statusesIn(await RawClient.exchange(server.port, large)), [200]);
});

test("what the limits of the head are set to is what is taken", async (t) => {
  const limits = { headerBytes: 2_000, headerCount: 5 };
  const server = await serving(t, () => new Response("taken"), { limits });
  for (const [fields, status] of [
    [["a: 1", "b: 2", "c: 3"], 200],
    [["a: 1", "b: 2", "c: 3", "d: 4"], 431],
    [[`a: ${"x".repeat(1_800)}`], 200],
    [[`a: ${"x".repeat(2_100)}`], 431],
  ] as const) {
    const bytes = head("GET / HTTP/1.1", "Host: a", "Connection: close", ...fields);
    assert.deepEqual(statusesIn(await RawClient.exchange(server.port, bytes)), [status]);
  }
});
