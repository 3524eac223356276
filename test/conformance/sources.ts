import type { Chunk, StreamingHttpResponseInit } from "millrace";

import type { ProbeRecord } from "./probe.ts";

/** What a source of the suite is called with. */
export interface Visit {
  readonly query: URLSearchParams;
  readonly record: ProbeRecord;
  readonly signal: AbortSignal;
}

interface SourceRoute {
  run(visit: Visit): AsyncGenerator<Chunk> | Generator<Chunk>;
  readonly init?: StreamingHttpResponseInit;
}

/** The text of the errors below, which no client may ever see. */
export const SECRET = "the-text-of-the-error";

/** The sources, by route. */
export const sources: Readonly<Record<string, SourceRoute>> = {
  /** Three rows and a good end. */
  rows: {
    async *run() {
      for (let row = 1; row <= 3; row++) {
        yield `row ${row}\n`;
        await pause(10);
      }
    },
  },
  /** `?instantly`: without waiting for anything before. */
  "throw-at-once": {
    // oxlint-disable-next-line eslint/require-yield
    async *run({ query }) {
      if (!query.has("instantly")) await pause(10);
      throw new Error(SECRET);
    },
  },
  "throw-midway": {
    async *run() {
      yield "row 1\n";
      await pause(20);
      yield "row 2\n";
      await pause(20);
      throw new Error(SECRET);
    },
  },
  "throw-after-burst": {
    async *run() {
      yield "row 1\n";
      yield "row 2\n";
      throw new Error(SECRET);
    },
  },
  /** Endless. */
  ticking: {
    async *run({ signal }) {
      for (let tick = 0; ; tick++) {
        yield `tick ${tick}\n`;
        await pause(50, signal);
      }
    },
  },
  /** Endless, and never waits for anything. */
  synchronous: {
    *run() {
      const chunk = "x".repeat(1024);
      while (true) yield chunk;
    },
  },
  /** Waits half a minute for something, and listens to the signal meanwhile. `?quiet` leaves the first row out. */
  "parked-listening": {
    async *run({ query, signal }) {
      if (!query.has("quiet")) yield "row 1\n";
      await pause(30_000, signal);
      yield "row 2\n";
    },
  },
  /** Waits for something that knows of no signal, as a database driver may. */
  "parked-deaf": {
    async *run() {
      yield "row 1\n";
      await pause(1_500);
      yield "row 2\n";
    },
  },
  /** `?mib=64` of 64 KiB chunks that no coding makes shorter, each another. */
  big: {
    async *run({ query }) {
      const chunks = Number(query.get("mib") ?? 1024) * 16;
      for (let index = 0; index < chunks; index++) yield bigChunk(index);
    },
    init: { contentType: "application/octet-stream" },
  },
  "one-chunk": {
    async *run({ query }) {
      yield oneChunk(Number(query.get("mib") ?? 100));
    },
    init: { contentType: "application/octet-stream" },
  },
  /** Ends with more than the window of an HTTP/2 stream, 64 KiB, has room for, coded or not. */
  "two-windows": {
    async *run() {
      yield bigChunk(0).subarray(0, 60_000);
      await pause(20);
      yield bigChunk(1).subarray(0, 60_000);
    },
  },
  empty: {
    // oxlint-disable-next-line eslint/require-yield
    async *run() {
      await pause(5);
    },
  },
  "empty-chunk": {
    async *run() {
      yield "";
    },
  },
  "single-bytes": {
    *run() {
      for (let index = 0; index < 10_000; index++) yield Uint8Array.of(index % 251);
    },
    init: { contentType: "application/octet-stream" },
  },
  /** Yields the next chunk only when the client has confirmed the last, and gives up after three seconds. */
  acknowledged: {
    async *run({ record, signal }) {
      for (let chunk = 0; chunk < 4; chunk++) {
        yield `chunk ${chunk}\n`;
        const patience = Date.now() + 3_000;
        // Polled, since workerd lets no request settle the promise of another.
        while (record.acknowledged <= chunk) {
          if (Date.now() > patience) return;
          await pause(10, signal);
        }
      }
    },
  },
  /** An event, silence, an event. */
  heartbeat: {
    async *run({ signal }) {
      yield "data: 1\n\n";
      await pause(700, signal);
      yield "data: 2\n\n";
    },
    init: { contentType: "text/event-stream", heartbeat: 100 },
  },
  "not-modified": {
    async *run() {
      yield "row 1\n";
    },
    init: { status: 304, headers: { etag: '"1"' } },
  },
};

/** 64 KiB that depend on `index`, so that one that is lost or comes twice changes the hash; a cut out of noise. */
export function bigChunk(index: number): Uint8Array {
  noise ??= makeNoise();
  const offset = (index * CHUNK) % noise.length;
  const chunk = noise.slice(offset, offset + CHUNK);
  new DataView(chunk.buffer).setUint32(0, index);
  return chunk;
}

const CHUNK = 64 * 1024;
let noise: Uint8Array | undefined;

/** 4 MiB, as far as codings look back; a generator of its own, since all processes must make the same (Marsaglia's xorshift). */
function makeNoise(): Uint8Array {
  const words = new Uint32Array(2 ** 20);
  let state = 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

/** One chunk of so many MiB. */
export function oneChunk(mib: number): Uint8Array {
  const chunk = new Uint8Array(mib * 2 ** 20);
  const view = new DataView(chunk.buffer);
  for (let offset = 0; offset < chunk.length; offset += 64) view.setUint32(offset, offset);
  return chunk;
}

/** Waits, and rejects when the signal aborts. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
