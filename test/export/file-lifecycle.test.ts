import assert from "node:assert/strict";
import { once } from "node:events";
import {
  appendFileSync,
  createReadStream,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import type { MillraceError } from "millrace";
import { file, type FileOptions } from "millrace/export";

import { get, RawClient, statusesIn } from "../node/support/raw-client.ts";
import { serving } from "../node/support/serving.ts";
import { watchOutcome } from "../response/support/watch.ts";
import { eventually } from "../support/eventually.ts";

const SIZE = 16 * 1024 * 1024;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-lifecycle-")));
const path = join(folder, "large.bin");
const content = Buffer.alloc(SIZE, "0123456789abcdef");

beforeEach(() => writeFileSync(path, content));
after(() => rmSync(folder, { recursive: true }));

/** How many descriptors of this process are of the file, also when it was deleted since. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false; // that of the listing itself
    }
  }).length;
}

const closed = () => eventually(() => descriptors() === 0, { what: "the close of the file" });

const request = (headers: Record<string, string> = {}, method = "GET") =>
  new Request("http://localhost/", { method, headers });

const linux = process.platform !== "linux" && "descriptors are counted in /proc";

describe("the descriptor of a file", { skip: linux }, () => {
  test("is one while the file is sent, and none afterwards", async () => {
    const response = await file(path, { request: request() });
    assert.equal(descriptors(), 1);
    const reader = response.body?.getReader();
    await reader?.read();
    assert.equal(descriptors(), 1);
    while ((await reader?.read())?.done === false);
    await closed();
  });

  test("is closed at once where nothing of the file is sent, whether or not the answer is", async () => {
    for (const [asked, options, status] of [
      [request({}, "HEAD"), {}, 200],
      [request({ "if-none-match": '"v1"' }), {}, 304],
      [request({ "if-match": '"v0"' }), {}, 412],
      [request({ range: `bytes=${SIZE}-` }), {}, 416],
    ] as const) {
      for (const source of [() => path, () => open(path)]) {
        const response = await file(await source(), { request: asked, etag: "v1", ...options });
        assert.equal(response.status, status);
        await closed();
      }
    }
  });

  test("is closed when file() fails although it is open", async () => {
    for (const options of [
      { start: SIZE + 1 },
      { etag: "a b" },
      { filename: "" },
      { headers: { "x-bad": "a\nb" } },
      { contentType: "a\nb" },
      { limits: { idle: -1 } },
    ] as FileOptions[]) {
      await assert.rejects(file(path, options));
      await closed();
      await assert.rejects(file(await open(path), options));
      await closed();
    }
  });

  test("is closed when the body is cancelled, unread or in the middle, of one part or several", async () => {
    for (const range of ["bytes=0-", "bytes=0-4999999,6000000-"]) {
      const unread = await file(path, { request: request({ range }) });
      await unread.body?.cancel();
      await closed();
      const begun = await file(path, { request: request({ range }) });
      const reader = begun.body?.getReader();
      await reader?.read();
      assert.equal(descriptors(), 1);
      await reader?.cancel();
      await closed();
    }
  });

  test("is closed when the response is dropped unread, without a warning", async (t) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on("warning", onWarning);
    t.after(() => process.off("warning", onWarning));
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (let count = 0; count < 10; count++) {
      await file(path, { request: request() });
      await file(await open(path), { request: request({ range: "bytes=0-1,5-6" }) });
    }
    assert.equal(descriptors(), 20);
    const isClosed = () => (collect(), descriptors() === 0);
    await eventually(isClosed, { what: "the close of what was dropped" });
    assert.deepEqual(warnings, []);
  });

  test("stays open while only the body is held", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const body = (await file(path, { request: request() })).body!;
    let size = 0;
    for await (const bytes of body) {
      collect();
      size += bytes.byteLength;
      if (size > SIZE / 8) break;
    }
    assert.ok(size > SIZE / 8);
    await closed();
  });

  test("is closed whenever a client leaves, or the server closes", async (t) => {
    const app = (asked: Request) => file(path, { request: asked });
    const server = await serving(t, app);
    for (const leaveAt of ["", "HTTP/1.1 200", "0123456789abcdef"]) {
      const client = await RawClient.open(server.port);
      client.write(get("/"));
      await client.until(leaveAt);
      client.socket.destroy();
      await eventually(() => server.streams.length === 0);
      await closed();
    }
    const stalled = await RawClient.open(server.port);
    stalled.write(get("/"));
    await stalled.until("200");
    stalled.socket.pause();
    await eventually(() => server.streams[0]?.state === "waiting for the reader");
    assert.equal(descriptors(), 1);
    await server.close({ drain: 0 });
    await closed();
    stalled[Symbol.dispose]();
  });

  test("is closed after a HEAD that the view knows nothing of", async (t) => {
    const server = await serving(t, () => file(path));
    const response = await fetch(server.url, { method: "HEAD" });
    assert.equal(response.headers.get("content-length"), String(SIZE));
    await closed();
  });

  test("is closed after each of many requests on one connection", async (t) => {
    const server = await serving(t, (asked) => file(path, { request: asked }));
    using client = await RawClient.open(server.port);
    for (let count = 0; count < 50; count++) {
      client.write(get("/", `Range: bytes=${count}-${count + 9},-5`));
    }
    await eventually(() => statusesIn(client.text).length === 50);
    await closed();
    assert.deepEqual(new Set(statusesIn(client.text)), new Set([206]));
  });

  test("of a stream that was given is closed as well where nothing is sent", async () => {
    const stream = createReadStream(path);
    await file(stream, { request: request({}, "HEAD") });
    await once(stream, "close");
    await closed();
    const cancelled = Promise.withResolvers<unknown>();
    const web = new ReadableStream<Uint8Array>({ cancel: cancelled.resolve });
    await file(web, { etag: "v1", request: request({ "if-none-match": '"v1"' }) });
    await cancelled.promise;
  });
});

describe("a file that changes while it is sent", () => {
  /** What a client gets that stops after the head until `change` was made. */
  async function received(t: Parameters<typeof serving>[0], change: () => void) {
    const { onClose, closed: outcome } = watchOutcome();
    const server = await serving(t, (asked) => file(path, { request: asked, onClose }));
    const client = await RawClient.open(server.port);
    t.after(() => client[Symbol.dispose]());
    client.write(get("/", "Connection: close"));
    await client.until("\r\n\r\n");
    client.socket.pause();
    await eventually(() => server.streams[0]?.state === "waiting for the reader");
    change();
    client.socket.resume();
    await client.end();
    const body = client.text.slice(client.text.indexOf("\r\n\r\n") + 4);
    return { body, outcome: await outcome };
  }

  test("and becomes shorter is a cut response that says so to the view", async (t) => {
    const { body, outcome } = await received(t, () => truncateSync(path, SIZE / 2));
    assert.equal(outcome.type, "failed");
    assert.equal((outcome.error as MillraceError).code, "LENGTH_MISMATCH");
    assert.ok(body.length < SIZE);
    assert.ok(content.toString("latin1").startsWith(body));
  });

  test("and becomes longer is sent as far as it went", async (t) => {
    const { body, outcome } = await received(t, () => appendFileSync(path, "more"));
    assert.equal(outcome.type, "complete");
    assert.equal(body, content.toString("latin1"));
  });

  test("because another one takes its place is sent as it was", async (t) => {
    const { body, outcome } = await received(t, () => {
      writeFileSync(`${path}.new`, "another one");
      renameSync(`${path}.new`, path);
    });
    assert.equal(outcome.type, "complete");
    assert.equal(body, content.toString("latin1"));
  });

  test("because it is deleted is sent as it was", { skip: linux }, async (t) => {
    const { body, outcome } = await received(t, () => rmSync(path));
    assert.equal(outcome.type, "complete");
    assert.equal(body, content.toString("latin1"));
  });

  test("before its first byte has left is a real 500", async (t) => {
    const server = await serving(t, async (asked) => {
      const response = await file(path, { request: asked });
      truncateSync(path, 0);
      return response;
    });
    const response = await fetch(server.url);
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("etag"), null);
    assert.equal(await response.text(), "Internal Server Error\n");
  });
});
