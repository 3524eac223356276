import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { runInNewContext } from "node:vm";

import { StreamingHttpResponse, type Chunk } from "millrace";

import { eventually } from "../support/eventually.ts";
import { bytesOf, readerOf, readText, readToEnd } from "./support/read.ts";
import { settle, watchOutcome } from "./support/watch.ts";

let folder: string;
let file: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-source-"));
  file = join(folder, "rows.txt");
  writeFileSync(file, "a row\n".repeat(50_000));
});
after(() => rmSync(folder, { recursive: true }));

/** A promise that the stream says it is closed. Its error is part of the story. */
function closing(stream: Readable): Promise<boolean> {
  stream.on("error", () => {});
  return eventually(() => stream.closed, { what: "close" });
}

describe("Node streams", () => {
  test("a file streams from the first byte to the last", async () => {
    const stream = createReadStream(file);
    const bytes = await bytesOf(new StreamingHttpResponse(stream));
    assert.equal(bytes.byteLength, 300_000);
    assert.equal(new TextDecoder().decode(bytes), "a row\n".repeat(50_000));
    assert.ok(await closing(stream));
  });

  test("a Readable with an encoding yields strings", async () => {
    const response = new StreamingHttpResponse(Readable.from(["ä", "ö"]).setEncoding("utf8"));
    assert.equal(await response.text(), "äö");
  });

  test("an error of the stream fails the response", async () => {
    const { onClose, closed } = watchOutcome();
    const stream = createReadStream(join(folder, "missing"));
    const { error } = await readToEnd(new StreamingHttpResponse(stream, { onClose }));
    assert.equal((error as NodeJS.ErrnoException).code, "ENOENT");
    assert.equal((await closed).type, "failed");
  });

  test("a reader that leaves destroys the stream", async () => {
    const stream = createReadStream(file);
    const reader = readerOf(new StreamingHttpResponse(stream));
    await reader.read();
    await reader.cancel();
    assert.ok(await closing(stream));
  });

  test("a reader that leaves destroys a stream that waits for data", async () => {
    const stream = new Readable({ read() {} });
    const reader = readerOf(new StreamingHttpResponse(stream));
    void reader.read();
    await settle();
    const closed = closing(stream);
    await reader.cancel();
    assert.ok(await closed);
  });

  test("a stream that is never read is destroyed", async () => {
    const stream = createReadStream(file);
    const closed = closing(stream);
    await new StreamingHttpResponse(stream).body?.cancel();
    assert.ok(await closed);
  });

  test("a file that is not there, never read, ends nobody's process", async () => {
    const stream = createReadStream(join(folder, "missing"));
    await new StreamingHttpResponse(stream).body?.cancel();
    await eventually(() => stream.closed, { what: "close" }); // an unheard `error` event would fail this test
  });

  test("a stream that is opened after its reader has left is destroyed", async () => {
    const opened = Promise.withResolvers<Readable>();
    const reader = readerOf(new StreamingHttpResponse(() => opened.promise));
    const reading = reader.read();
    await settle();
    await reader.cancel();
    const stream = createReadStream(file);
    const closed = closing(stream);
    opened.resolve(stream);
    await reading;
    assert.ok(await closed);
  });
});

describe("bytes of Node", () => {
  test("of a Buffer only its own bytes are sent, not the pool it lies in", async () => {
    const response = new StreamingHttpResponse([
      Buffer.from("ab"),
      Buffer.from("xcdx").subarray(1, 3),
    ]);
    assert.equal(await response.text(), "abcd");
  });

  test("a chunk is a Uint8Array also when it comes from another realm", async () => {
    for (const length of [3, 100_000]) {
      const foreign = runInNewContext(`new Uint8Array(${length}).fill(7)`) as Uint8Array;
      assert.ok(!(foreign instanceof Uint8Array));
      const bytes = await bytesOf(new StreamingHttpResponse([foreign]));
      assert.deepEqual([bytes.length, bytes.every((byte) => byte === 7)], [length, true]);
    }
  });

  test("other views of another realm are no chunks", async () => {
    const foreign = runInNewContext("new Uint16Array(2)") as Chunk;
    await assert.rejects(new StreamingHttpResponse([foreign]).text(), {
      code: "CHUNK_INVALID",
      message: /Uint16Array/,
    });
  });

  test("a source whose file is one buffer, refilled for every read, is sent byte for byte", async () => {
    const buffer = Buffer.alloc(64 * 1024);
    const source = async function* () {
      for (let part = 1; part <= 4; part++) yield buffer.fill(part);
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    const pieces: string[] = [];
    const kept: Uint8Array[] = [];
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      kept.push(read.value);
    }
    for (const piece of kept) pieces.push(`${piece.length} of ${[...new Set(piece)].join()}`);
    assert.deepEqual(pieces, ["65536 of 1", "65536 of 2", "65536 of 3", "65536 of 4"]);
    assert.equal(await readText(reader), undefined);
  });
});
