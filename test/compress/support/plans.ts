import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import * as fc from "fast-check";
import { StreamingHttpResponse } from "millrace";

/** A chunk in few words, so that a counterexample can be read. */
export interface Part {
  readonly kind: "rows" | "noise" | "zeros" | "unicode";
  readonly size: number;
  /** What the source does after it, in ms; `turn`: one turn of the event loop. */
  readonly wait: "none" | "turn" | number;
}

/** Sizes around the limits of the coders: 2 KiB of window, 16 KiB at once, 64 KiB in a batch. */
const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.constantFrom(0, 2_047, 2_048, 2_049, 16_383, 16_384, 16_385) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536, 65_537, 131_072) },
  { weight: 2, arbitrary: fc.nat(20_000) },
  { weight: 1, arbitrary: fc.nat(200_000) },
);

/** Waits of a source. `quiet` is one that gives the stream of zlib back. */
function planOf(waits: fc.Arbitrary<Part["wait"]>, maxLength: number): fc.Arbitrary<Part[]> {
  const kind = fc.constantFrom<Part["kind"]>("rows", "noise", "zeros", "unicode");
  return fc.array(fc.record({ kind, size, wait: waits }), { maxLength });
}

export const plan: fc.Arbitrary<Part[]> = planOf(
  fc.constantFrom<Part["wait"]>("none", "none", "turn", 1, 5),
  8,
);

/** With waits in which the gzip coder closes its stream of zlib, and others in which it just does not. */
export const quietPlan: fc.Arbitrary<Part[]> = planOf(
  fc.constantFrom<Part["wait"]>("none", "turn", 990, 1_010, 1_100),
  4,
);

const encoder = new TextEncoder();

/** The same chunks each time. */
export function chunksOf(parts: readonly Part[]): (string | Uint8Array)[] {
  return parts.map(({ kind, size: length }, index) => {
    if (kind === "zeros") return new Uint8Array(length);
    if (kind === "noise") return noise(length, index);
    if (kind === "unicode") return "é€😀x".repeat(length / 10);
    let text = "";
    for (let row = 0; text.length < length; row++) text += `${row},row ${row * 7},${index}.50\r\n`;
    return text.slice(0, length);
  });
}

function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

export function plainOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(
    chunksOf(parts).map((chunk) => (typeof chunk === "string" ? encoder.encode(chunk) : chunk)),
  );
}

/** A response that yields the chunks of a plan, with its waits. */
export function respond(parts: readonly Part[], contentType = "text/plain"): Response {
  const chunks = chunksOf(parts);
  return new StreamingHttpResponse(
    async function* () {
      for (const [index, chunk] of chunks.entries()) {
        yield chunk;
        const { wait = "none" } = parts[index] ?? {};
        if (wait === "turn") await new Promise(setImmediate);
        else if (wait !== "none") await delay(wait);
      }
    },
    { contentType },
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
