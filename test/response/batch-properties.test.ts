import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";
import { StreamingHttpResponse, type Chunk, type Source } from "millrace";

import { bytesOf, readerOf } from "./support/read.ts";
import { settle } from "./support/watch.ts";

const encoder = new TextEncoder();

/** Sizes around the limits of a batch: 64 KiB of bytes, 64 Ki units of text, a third of that in UTF-8. */
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: fc.nat(30_000) },
  { weight: 1, arbitrary: fc.constantFrom(21_845, 65_535, 65_536, 65_537, 70_000, 131_072) },
);

/** A chunk in few words, so that a counterexample can be read: a unit of text or a byte, and how often. */
type Part = readonly [unit: string | number, count: number];

/** Characters of every length in UTF-8, and halves of pairs that may or may not meet. */
const units = ["a", "ß", "€", "😀", "\ud83d", "\ude00", "\ud83da", "b\ude00"];
const text: fc.Arbitrary<Part> = fc.tuple(fc.constantFrom(...units), size);
const bytes: fc.Arbitrary<Part> = fc.tuple(fc.nat(255), size);

function chunksOf(parts: readonly Part[]): Chunk[] {
  return parts.map(([unit, count]) =>
    typeof unit === "string" ? unit.repeat(count) : new Uint8Array(count).fill(unit),
  );
}

const mix = fc.array(fc.oneof(text, bytes), { maxLength: 12 });

/**
 * The rule: strings that follow one another are one text, encoded as one; bytes with something in them end it; nothing
 * else is changed, added or lost.
 */
function expected(all: readonly Chunk[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let run = "";
  for (const chunk of all) {
    if (typeof chunk === "string") {
      run += chunk;
    } else if (chunk.length > 0) {
      parts.push(encoder.encode(run), chunk);
      run = "";
    }
  }
  parts.push(encoder.encode(run));
  return concatenate(parts);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function assertSame(actual: Uint8Array, wanted: Uint8Array): void {
  assert.equal(actual.length, wanted.length, "length");
  const different = actual.findIndex((byte, index) => byte !== wanted[index]);
  assert.equal(different, -1, `byte ${different}`);
}

const kinds: Record<string, (all: readonly Chunk[]) => Source> = {
  "a synchronous source": (all) => all,
  "an asynchronous source": (all) =>
    async function* () {
      yield* all;
    },
  "a source that waits before every third chunk": (all) =>
    async function* () {
      for (const [index, chunk] of all.entries()) {
        if (index % 3 === 0) await new Promise<void>((resolve) => void setTimeout(resolve, 0));
        yield chunk;
      }
    },
  "a source that refills its buffers as soon as it is asked for more": (all) =>
    function* () {
      for (const chunk of all) {
        const own = typeof chunk === "string" ? chunk : chunk.slice();
        yield own;
        if (typeof own !== "string") own.fill(0);
      }
    },
};

describe("any mix of strings and bytes", () => {
  for (const [kind, sourceOf] of Object.entries(kinds)) {
    test(`of ${kind} arrives as exactly what was yielded`, async () => {
      await fc.assert(
        fc.asyncProperty(mix, async (parts) => {
          const all = chunksOf(parts);
          const response = new StreamingHttpResponse(sourceOf(all));
          assertSame(await bytesOf(response), expected(all));
        }),
        { numRuns: 60 },
      );
    });
  }

  test("arrives as exactly what was yielded for a reader that pauses", async () => {
    await fc.assert(
      fc.asyncProperty(mix, async (parts) => {
        const all = chunksOf(parts);
        const reader = readerOf(new StreamingHttpResponse(all));
        const pieces: Uint8Array[] = [];
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          pieces.push(read.value);
          if (pieces.length % 2 === 0) await settle();
        }
        assertSame(concatenate(pieces), expected(all));
      }),
      { numRuns: 20 },
    );
  });

  test("of strings alone arrives as their concatenation", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 12 }), async (parts) => {
        const all = chunksOf(parts);
        assertSame(await bytesOf(new StreamingHttpResponse(all)), encoder.encode(all.join("")));
      }),
      { numRuns: 60 },
    );
  });
});
