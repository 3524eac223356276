import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { readerOf, readText } from "./support/read.ts";
import { settle, watchOutcome } from "./support/watch.ts";

const KIB = 1024;
const FULL = 64 * KIB;

describe("backpressure of the body", () => {
  test("a synchronous source is pulled for one batch while nobody reads on", async () => {
    let pulled = 0;
    const source = function* () {
      while (true) {
        pulled += 1;
        yield "x".repeat(KIB);
      }
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    await settle();
    assert.equal(pulled, 0, "before the first read");
    for (let reads = 1; reads <= 3; reads++) {
      await reader.read();
      await settle();
      const most = reads * 64 + 64 + 1;
      assert.ok(pulled <= most, `${pulled} chunks of 1 KiB were pulled for ${reads} reads`);
    }
    const before = pulled;
    await settle();
    assert.equal(pulled, before);
    await reader.cancel();
  });

  test("an asynchronous source is asked for one chunk more at most", async () => {
    let pulled = 0;
    const source = async function* () {
      while (true) {
        pulled += 1;
        yield new Uint8Array(FULL);
        await Promise.resolve();
      }
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    for (let reads = 1; reads <= 5; reads++) {
      await reader.read();
      await settle();
      assert.ok(pulled <= reads + 1, `${pulled} chunks of 64 KiB were pulled for ${reads} reads`);
    }
    await reader.cancel();
  });

  test("what was yielded while nobody read arrives with the next read, in order", async () => {
    let row = 0;
    const source = async function* () {
      while (row < 4) {
        yield `${++row} `;
        await settle();
      }
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    let text = (await readText(reader)) ?? "";
    await settle();
    await settle();
    assert.ok(row <= 2, "the source is not asked for more than one chunk ahead");
    for (let piece = await readText(reader); piece !== undefined; piece = await readText(reader)) {
      text += piece;
    }
    assert.equal(text, "1 2 3 4 ");
  });

  test("`pipeTo` a slow place holds the source back", async () => {
    let pulled = 0;
    const source = function* () {
      while (pulled < 64) {
        pulled += 1;
        yield new Uint8Array(FULL);
      }
    };
    const ahead: number[] = [];
    let written = 0;
    const place = new WritableStream<Uint8Array>({
      async write() {
        written += 1;
        ahead.push(pulled - written);
        await settle();
      },
    });
    await new StreamingHttpResponse(source).body?.pipeTo(place);
    assert.equal(written, 64);
    assert.ok(Math.max(...ahead) <= 4, `${Math.max(...ahead)} chunks ahead`);
  });
});

describe("the body is a web stream like any other", () => {
  test("it can be handed to another response", async () => {
    const { onClose, closed } = watchOutcome();
    const own = new StreamingHttpResponse(["a", "b"], { onClose });
    const other = new Response(own.body, { status: 201 });
    assert.deepEqual([other.status, await other.text()], [201, "ab"]);
    assert.equal((await closed).type, "complete");
  });

  test("it goes through a TransformStream, and the far end's leaving arrives", async () => {
    const { onClose, closed } = watchOutcome();
    const source = async function* () {
      for (let row = 0; ; row++) {
        yield "row\n";
        await settle();
      }
    };
    const { body } = new StreamingHttpResponse(source, { onClose });
    const reader = body!.pipeThrough(new TransformStream<Uint8Array, Uint8Array>()).getReader();
    await reader.read();
    await reader.cancel("left");
    assert.equal((await closed).type, "cancelled");
  });

  test("it can be read twice only by way of clone(), and the source runs once", async () => {
    let runs = 0;
    const { onClose, outcomes } = watchOutcome();
    const source = function* () {
      runs += 1;
      for (let row = 0; row < 20_000; row++) yield "0123456789";
    };
    const response = new StreamingHttpResponse(source, { onClose });
    const copy = response.clone();
    assert.equal(copy.headers.get("content-type"), "text/html; charset=utf-8");
    const [first, second] = await Promise.all([response.text(), copy.text()]);
    assert.equal(first.length, 200_000);
    assert.ok(first === second);
    assert.equal(runs, 1);
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["complete"],
    );
    assert.equal(response.bodyUsed, true);
    await assert.rejects(response.text(), TypeError);
    assert.throws(() => response.clone(), TypeError);
  });

  test("both branches of a clone see the error of the source", async () => {
    const thrown = new Error("cut");
    const response = new StreamingHttpResponse(function* () {
      yield "a";
      throw thrown;
    });
    const copy = response.clone();
    const ends = await Promise.allSettled([response.text(), copy.text()]);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ["rejected", "rejected"],
    );
  });

  test("a reader that lets go in between loses nothing", async () => {
    const response = new StreamingHttpResponse(["x".repeat(FULL), "y".repeat(FULL)]);
    const first = readerOf(response);
    const one = await readText(first);
    first.releaseLock();
    const second = readerOf(response);
    const two = await readText(second);
    assert.deepEqual([one?.[0], one?.length, two?.[0], two?.length], ["x", FULL, "y", FULL]);
  });

  test("several reads at once are answered in order", async () => {
    const source = function* () {
      for (const letter of "abc") yield letter.repeat(FULL);
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    const reads = await Promise.all([1, 2, 3, 4].map(() => readText(reader)));
    assert.deepEqual(
      reads.map((text) => text?.[0]),
      ["a", "b", "c", undefined],
    );
  });
});
