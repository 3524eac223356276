import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MillraceError, StreamingHttpResponse, type Chunk, type Source } from "millrace";

import { bytesOf, piecesOf, readerOf, readText, readToEnd } from "./support/read.ts";
import { settle, watchOutcome } from "./support/watch.ts";

const KIB = 1024;
const FULL = 64 * KIB;
const MIB = 1024 * KIB;
const encoder = new TextEncoder();

function respond(chunks: readonly Chunk[], contentType?: string): StreamingHttpResponse {
  return new StreamingHttpResponse(chunks, contentType === undefined ? {} : { contentType });
}

/** How often each byte value occurs. */
function census(bytes: Uint8Array): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  return counts;
}

const badChunks: [name: string, make: () => unknown, called: RegExp][] = [
  ["a number", () => 42, /a number \(42\)/],
  ["null", () => null, /is null/],
  ["undefined", () => undefined, /is undefined/],
  ["a boolean", () => false, /a boolean/],
  ["a bigint", () => 7n, /a bigint \(7\)/],
  ["a symbol", () => Symbol("row"), /a symbol/],
  ["a Promise", () => Promise.resolve("row"), /class Promise.*[Aa]wait|async generator/],
  ["a Date", () => new Date(0), /class Date/],
  ["an array", () => ["row"], /class Array/],
  ["a plain object", () => ({ id: 1 }), /a plain object/],
  ["an ArrayBuffer", () => new ArrayBuffer(1), /class ArrayBuffer/],
  ["a DataView", () => new DataView(new ArrayBuffer(1)), /class DataView/],
  ["a Uint16Array", () => new Uint16Array(1), /class Uint16Array/],
  ["a String object", () => new String("row"), /class String/],
];

describe("what is no chunk", () => {
  for (const [name, make, called] of badChunks) {
    test(`${name} fails the stream with its type and position, after what came before it`, async () => {
      let closed = 0;
      function* source(): Generator<Chunk> {
        try {
          yield "first ";
          yield "second";
          yield make() as Chunk;
          yield "never";
        } finally {
          closed += 1;
        }
      }
      const { onClose, outcomes } = watchOutcome();
      const { text, error } = await readToEnd(new StreamingHttpResponse(source, { onClose }));
      assert.equal(text, "first second");
      assert.ok(error instanceof MillraceError);
      assert.deepEqual([error.code, error.name], ["CHUNK_INVALID", "TypeError"]);
      assert.match(error.message, /^Chunk 2 of the stream/);
      assert.match(error.message, called);
      assert.equal(closed, 1, "the generator is closed");
      assert.deepEqual([outcomes.length, outcomes[0]?.type, outcomes[0]?.chunks], [1, "failed", 2]);
    });
  }

  test("an async generator is closed after a bad chunk, too", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    async function* source(): AsyncGenerator<Chunk> {
      try {
        yield 42 as unknown as Chunk;
      } finally {
        resolve("closed");
      }
    }
    await assert.rejects(new StreamingHttpResponse(source).text(), { code: "CHUNK_INVALID" });
    assert.equal(await promise, "closed");
  });

  test("a ReadableStream is cancelled after a bad chunk", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const source = new ReadableStream({
      start: (controller) => controller.enqueue(42),
      cancel: resolve,
    });
    const response = new StreamingHttpResponse(source as Source);
    const { error } = await readToEnd(response);
    assert.equal(await promise, error);
  });

  test("a promise that was yielded and is rejected later harms nobody else", async () => {
    const source = function* () {
      yield Promise.reject(new Error("a forgotten await")) as unknown as Chunk;
    };
    await assert.rejects(new StreamingHttpResponse(source).text(), { code: "CHUNK_INVALID" });
    await settle(); // an unhandled rejection would fail this test
  });
});

describe("bytes", () => {
  for (const size of [1, 100, FULL - 1, FULL, FULL + 1, 100_000, 3 * FULL + 1]) {
    test(`a source may refill one buffer of ${size} bytes`, async () => {
      const buffer = new Uint8Array(size);
      const source = function* () {
        for (let part = 1; part <= 5; part++) yield buffer.fill(part);
      };
      const counts = census(await bytesOf(new StreamingHttpResponse(source)));
      assert.deepEqual(counts, { 1: size, 2: size, 3: size, 4: size, 5: size });
    });
  }

  test("of a view only its part of the buffer is sent", async () => {
    const buffer = encoder.encode("xxabcxx");
    assert.equal(await respond([buffer.subarray(2, 5), buffer.subarray(3, 4)]).text(), "abcb");
  });

  test("bytes that are no UTF-8 pass as they are", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    assert.deepEqual(await bytesOf(respond([bytes])), bytes);
  });

  test("empty chunks add nothing", async () => {
    const empty = new Uint8Array();
    assert.equal(await respond(["", empty, "a", "", empty, "b", empty, ""]).text(), "ab");
  });
});

describe("text", () => {
  test("is sent as UTF-8", async () => {
    const text = "aß€😀\u0000\ufeff";
    assert.deepEqual(await bytesOf(respond([...text])), encoder.encode(text));
  });

  test("keeps its place between bytes", async () => {
    const chunks = ["a", encoder.encode("b"), "c", encoder.encode("d"), encoder.encode("e"), "f"];
    assert.equal(await respond(chunks).text(), "abcdef");
  });

  for (const [name, bytes, text] of [
    ["one byte before it", 1, "€".repeat(30_000)],
    ["40 KiB of bytes before it", 40 * KIB, "€".repeat(20_000)],
    ["almost a full batch of bytes before it", FULL - 2, "€"],
  ] as const) {
    test(`that is larger as UTF-8 than as a string is complete with ${name}`, async () => {
      const { onClose, closed } = watchOutcome();
      const head = new Uint8Array(bytes).fill(65);
      const received = await bytesOf(new StreamingHttpResponse([head, text], { onClose }));
      assert.equal(received.length, bytes + 3 * text.length);
      assert.equal((await closed).bytes, received.length);
    });
  }

  test("that is ready together with bytes before it leaves before the source goes on", async () => {
    const { promise: read, resolve } = Promise.withResolvers<void>();
    const source = async function* () {
      yield encoder.encode("A");
      yield "€".repeat(30_000);
      await read;
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    let bytes = 0;
    while (bytes < 90_001) bytes += (await reader.read()).value?.length ?? 0;
    assert.equal(bytes, 90_001);
    resolve();
    assert.equal(await readText(reader), undefined);
  });

  test("a pair that is split over two chunks arrives whole", async () => {
    const [high, low] = ["\ud83d", "\ude00"];
    assert.equal(await respond([`a${high}`, `${low}b`]).text(), "a😀b");
    assert.equal(await respond([high, low]).text(), "😀");
    assert.equal(
      await respond([high, "", new Uint8Array(), low]).text(),
      "😀",
      "nothing is between",
    );
  });

  test("half a pair waits for its other half while the source waits", async () => {
    const { promise: read, resolve } = Promise.withResolvers<void>();
    const source = async function* () {
      yield "a\ud83d";
      await read;
      yield "\ude00b";
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    assert.equal(await readText(reader), "a");
    resolve();
    assert.equal(await readText(reader), "😀b");
  });

  test("a pair on the border of two batches arrives whole", async () => {
    for (const length of [FULL - 1, 2 * FULL - 1]) {
      const text = `${"x".repeat(length)}😀${"y".repeat(FULL)}`;
      assert.ok((await respond([text]).text()) === text, `after ${length}`);
      assert.ok(
        (await respond([text.slice(0, length + 1), text.slice(length + 1)]).text()) === text,
      );
    }
  });

  test("half a pair alone is U+FFFD: before bytes, at the end, in the wrong order, before an error", async () => {
    assert.equal(await respond(["a\ud83d", encoder.encode("b")]).text(), "a\ufffdb");
    assert.equal(await respond(["a\ud83d"]).text(), "a\ufffd");
    assert.equal(await respond(["\ude00", "\ud83d", "b"]).text(), "\ufffd\ufffdb");
    const failing = function* () {
      yield "a\ud83d";
      throw new Error("cut");
    };
    assert.equal((await readToEnd(new StreamingHttpResponse(failing))).text, "a\ufffd");
  });
});

describe("a declared charset", () => {
  for (const charset of ["iso-8859-1", '"windows-1252"', "UTF-16"]) {
    test(`strings under charset=${charset} are an error that names it`, async () => {
      const { error } = await readToEnd(respond(["ä"], `text/plain; charset=${charset}`));
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, "CHUNK_INVALID");
      const name = charset.replaceAll('"', "").toLowerCase();
      assert.ok(error.message.includes(`charset=${name}`), error.message);
    });
  }

  test("bytes pass under any charset", async () => {
    const latin1 = Uint8Array.of(0xe4);
    assert.deepEqual(await bytesOf(respond([latin1], "text/plain; charset=iso-8859-1")), latin1);
  });

  for (const type of [
    "text/plain",
    "text/plain; charset=utf-8",
    'text/plain;CHARSET="UTF-8"',
    "text/plain; charset=utf8",
    "text/plain; charset=",
  ]) {
    test(`strings are fine under ${type}`, async () => {
      assert.deepEqual(await bytesOf(respond(["ä"], type)), encoder.encode("ä"));
    });
  }
});

describe("a chunk of 100 MB", () => {
  test("of text leaves in pieces of at most 64 KiB", async () => {
    const reader = readerOf(respond(["x".repeat(100 * MIB)]));
    let [total, longest] = [0, 0];
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      total += read.value.length;
      longest = Math.max(longest, read.value.length);
    }
    assert.deepEqual([total, longest], [100 * MIB, FULL]);
  });

  test("of bytes leaves in pieces of at most 64 KiB, in order", async () => {
    const chunk = new Uint8Array(100 * MIB);
    for (let offset = 0; offset < chunk.length; offset += KIB) chunk[offset] = (offset / KIB) % 251;
    const reader = readerOf(respond([chunk]));
    let [total, longest, wrong] = [0, 0, 0];
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      for (let at = 0; at < read.value.length; at += KIB) {
        if (read.value[at] !== chunk[total + at]) wrong += 1;
      }
      total += read.value.length;
      longest = Math.max(longest, read.value.length);
    }
    assert.deepEqual([total, longest, wrong], [100 * MIB, FULL, 0]);
  });

  test("of three-byte characters leaves in pieces of at most 192 KiB", async () => {
    const pieces = await piecesOf(respond(["€".repeat(MIB)]));
    assert.ok(pieces.join("") === "€".repeat(MIB));
    assert.ok(pieces.every((piece) => piece.length <= FULL));
  });
});
