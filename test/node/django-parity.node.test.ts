// What Django's own tests promise of a streaming response on its way through a server. Which test stands for which is in
// docs/coming-from-django.md; test/response/django-parity.test.ts has the rest.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { createReadStream, mkdtempSync, rmSync, writeFileSync, type ReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";

import { eventually } from "../support/eventually.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { ended, endOf } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

let folder: string;
let file: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-django-"));
  file = join(folder, "report.txt");
  writeFileSync(file, "0123456789".repeat(100_000));
});
after(() => rmSync(folder, { recursive: true }));

async function* rows(): AsyncGenerator<string> {
  yield "streaming ";
  await pause(20);
  yield "content";
}

/** A promise that the test resolves. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** The chunks of a chunked body, as far as it has come; everything here is ASCII. */
function chunksIn(text: string): string[] {
  let rest = text.slice(text.indexOf("\r\n\r\n") + 4);
  const chunks: string[] = [];
  while (rest.includes("\r\n")) {
    const start = rest.indexOf("\r\n") + 2;
    const size = Number.parseInt(rest, 16);
    chunks.push(rest.slice(start, start + size));
    rest = rest.slice(start + size + 2);
  }
  return chunks;
}

describe("streaming through the server, as in Django", () => {
  test("a synchronous and an asynchronous view stream alike", async (t) => {
    const server = await serving(t, (request) =>
      pathOf(request) === "/sync"
        ? new StreamingHttpResponse(function* () {
            yield "streaming ";
            yield "content";
          })
        : new StreamingHttpResponse(rows),
    );
    for (const path of ["/sync", "/async"]) {
      const response = await fetch(server.url + path);
      assert.deepEqual([response.status, await response.text()], [200, "streaming content"]);
    }
  });

  test("each chunk is on its way before the source goes on, in a frame of its own", async (t) => {
    const gates = [gate(), gate()];
    const server = await serving(t, () => {
      return new StreamingHttpResponse(async function* () {
        yield "first\n";
        await gates[0]?.opened;
        yield "second\n";
        await gates[1]?.opened;
        yield "last\n";
      });
    });
    using client = await RawClient.open(server.port);
    client.write(get("/"));
    await client.until("first\n");
    gates[0]?.open();
    await client.until("second\n");
    gates[1]?.open();
    await client.until("0\r\n\r\n");
    assert.deepEqual(chunksIn(client.text), ["first\n", "second\n", "last\n", ""]);
  });

  test("a client that leaves is not sent the last chunk, which is not even made", async (t) => {
    const parked = gate();
    const log: string[] = [];
    const server = await serving(t, () => {
      return new StreamingHttpResponse(async function* () {
        try {
          yield "first\n";
          await parked.opened;
          log.push("unparked");
          yield "last\n";
          log.push("pulled on");
        } finally {
          log.push("finally");
        }
      });
    });
    const client = await RawClient.open(server.port);
    client.write(get("/leaves"));
    await client.until("first\n");
    client.socket.destroy();
    assert.equal((await endOf("/leaves")).outcome.type, "cancelled");
    parked.open();
    await eventually(() => log.includes("finally"));
    assert.deepEqual(log, ["unparked", "finally"]);
    assert.ok(!client.text.includes("last"));
  });

  test("a client that leaves ends the `await` that the view is in, and the response ends once", async (t) => {
    const log: string[] = [];
    const outcomes: StreamOutcome[] = [];
    const server = await serving(t, () => {
      return new StreamingHttpResponse(
        async function* ({ signal }) {
          yield "first\n";
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          }).catch((error: Error) => log.push(error.name));
        },
        { onClose: (outcome) => void outcomes.push(outcome) },
      );
    });
    const client = await RawClient.open(server.port);
    client.write(get("/awaits"));
    await client.until("first\n");
    client.socket.destroy();
    await eventually(() => log.length > 0);
    assert.deepEqual(log, ["AbortError"]);
    await endOf("/awaits");
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["cancelled"],
    );
    assert.equal(ended.filter(({ url }) => url === "/awaits").length, 1);
  });

  test("the request is over when the last chunk has left, not when the view returns", async (t) => {
    const parked = gate();
    const server = await serving(t, () => {
      return new StreamingHttpResponse(async function* () {
        yield "first\n";
        await parked.opened;
        yield "last\n";
      });
    });
    using client = await RawClient.open(server.port);
    client.write(get("/over"));
    await client.until("first\n");
    assert.equal(
      ended.find(({ url }) => url === "/over"),
      undefined,
    );
    parked.open();
    await client.until("last\n");
    const { outcome } = await endOf("/over");
    assert.deepEqual([outcome.type, outcome.bytes, outcome.chunks], ["complete", 11, 2]);
  });

  test("a file is open while it streams and closed after its last byte", async (t) => {
    let stream: ReadStream | undefined;
    const server = await serving(t, () => {
      stream = createReadStream(file);
      return new StreamingHttpResponse(stream, { contentType: "text/plain; charset=utf-8" });
    });
    const response = await fetch(`${server.url}/file`);
    assert.equal(stream?.closed, false);
    assert.equal((await response.text()).length, 1_000_000);
    await eventually(() => stream?.closed, { what: "the close of the file" });
    assert.equal((await endOf("/file")).outcome.type, "complete");
  });

  test("a file whose client leaves is closed, and so is one that nobody reads", async (t) => {
    const streams: ReadStream[] = [];
    const server = await serving(t, () => {
      const stream = createReadStream(file);
      streams.push(stream);
      return new StreamingHttpResponse(stream);
    });
    const client = await RawClient.open(server.port);
    client.write(get("/file-left"));
    await client.until("0123456789");
    client.socket.destroy();
    await fetch(`${server.url}/file-head`, { method: "HEAD" });
    await eventually(() => streams.length === 2 && streams.every(({ closed }) => closed), {
      what: "the close of both files",
    });
  });

  test("no content is sent for HEAD, 204 and 304, and the source is never started", async (t) => {
    let started = false;
    const source = function* () {
      started = true;
      yield "content";
    };
    const server = await serving(t, (request) => {
      const status = Number(pathOf(request).slice(1));
      return new StreamingHttpResponse(source, { status, headers: { etag: '"1"' } });
    });
    for (const [method, status] of [
      ["HEAD", 200],
      ["GET", 204],
      ["GET", 304],
    ] as const) {
      using client = await RawClient.open(server.port);
      client.write(get(`/${status}`).replace("GET", method));
      client.write(get("/200", "connection: close").replace("GET", "HEAD"));
      await client.end();
      assert.deepEqual(statusesIn(client.text), [status, 200], "the connection lives on");
      assert.ok(client.text.endsWith("\r\n\r\n") && !client.text.includes("\r\n\r\ncontent"));
      assert.equal((await endOf(`/${status}`)).outcome.type, "complete");
    }
    assert.equal(started, false);
  });

  test("a stream without a length leaves an HTTP/1.1 connection open for the next request", async (t) => {
    const server = await serving(t, () => new StreamingHttpResponse(rows));
    using client = await RawClient.open(server.port);
    client.write(get("/first"));
    await client.until("0\r\n\r\n");
    client.write(get("/second", "connection: close"));
    await client.end();
    assert.deepEqual(statusesIn(client.text), [200, 200]);
    assert.doesNotMatch(client.text, /content-length/i);
    assert.equal(client.text.match(/transfer-encoding: chunked/gi)?.length, 2);
  });

  test("over HTTP/1.0, where only the close ends a body without a length, the connection closes", async (t) => {
    const server = await serving(t, () => new StreamingHttpResponse(rows));
    const text = await RawClient.exchange(server.port, "GET / HTTP/1.0\r\n\r\n");
    assert.match(text, /^HTTP\/1\.\d 200 OK\r\n/);
    assert.match(text, /connection: close\r\n/i);
    assert.doesNotMatch(text, /transfer-encoding/i);
    assert.ok(text.endsWith("\r\n\r\nstreaming content"));
  });

  test("an error while streaming is no complete response, and its text stays here", async (t) => {
    const errors: unknown[] = [];
    const thrown = new Error("secret");
    const app = () =>
      new StreamingHttpResponse(async function* () {
        yield "first\n";
        await new Promise(setImmediate);
        throw thrown;
      });
    const server = await serving(t, app, { onError: (error) => void errors.push(error) });
    using client = await RawClient.open(server.port);
    client.write(get("/fails"));
    await client.end();
    assert.ok(client.text.includes("first\n"));
    assert.ok(!client.text.includes("0\r\n\r\n") && !client.text.includes("secret"));
    assert.deepEqual(errors, [thrown]);
  });

  test("what AsyncLocalStorage held in the view, it holds while the response streams", async (t) => {
    const locale = new AsyncLocalStorage<string>();
    const view = () =>
      new StreamingHttpResponse(async function* () {
        yield `${locale.getStore()} `;
        await new Promise(setImmediate);
        yield `${locale.getStore()}`;
      });
    const server = await serving(t, (request) => locale.run(pathOf(request).slice(1), view));
    const texts = ["de", "fr", "ja"].map(async (name) =>
      (await fetch(`${server.url}/${name}`)).text(),
    );
    assert.deepEqual(await Promise.all(texts), ["de de", "fr fr", "ja ja"]);
  });

  test("a response says in a log what it is", () => {
    const text = inspect(new StreamingHttpResponse([], { status: 201 }));
    assert.match(text, /Response/);
    assert.match(text, /status: 201/);
    assert.match(text, /text\/html; charset=utf-8/);
  });
});
