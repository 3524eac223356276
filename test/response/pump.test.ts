import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { piecesOf, readerOf, readText, readToEnd } from "./support/read.ts";
import { pause, settle } from "./support/watch.ts";

/** Keeps the processor busy. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("batching", () => {
  test("rows that are ready together arrive together", async () => {
    const rows = function* () {
      for (let row = 1; row <= 3; row++) yield `${row}\n`;
    };
    const asyncRows = async function* () {
      yield* rows();
    };
    for (const source of [rows, asyncRows]) {
      assert.deepEqual(await piecesOf(new StreamingHttpResponse(source)), ["1\n2\n3\n"]);
    }
  });

  test("rows that are ready together after a wait arrive together, too", async () => {
    const source = async function* () {
      for (let burst = 1; burst <= 3; burst++) {
        yield `${burst}a `;
        yield `${burst}b `;
        yield `${burst}c `;
        await pause(30);
      }
    };
    const pieces = await piecesOf(new StreamingHttpResponse(source));
    assert.deepEqual(pieces, ["1a 1b 1c ", "2a 2b 2c ", "3a 3b 3c "]);
  });

  test("a row that is alone arrives before the source is let on", async () => {
    let proceed: () => void = () => {};
    const source = async function* () {
      for (let row = 1; row <= 3; row++) {
        yield `${row}\n`;
        await new Promise<void>((resolve) => {
          proceed = resolve;
        });
      }
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    for (let row = 1; row <= 3; row++) {
      assert.equal(await readText(reader), `${row}\n`); // it would hang here otherwise
      proceed();
    }
    assert.equal(await readText(reader), undefined);
  });

  test("many small rows arrive in few pieces of at most 64 KiB", async () => {
    const source = function* () {
      for (let row = 0; row < 100_000; row++) yield "0123456789abcdef";
    };
    const pieces = await piecesOf(new StreamingHttpResponse(source));
    const lengths = pieces.map(({ length }) => length);
    assert.equal(Math.max(...lengths), 64 * 1024);
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      1_600_000,
    );
    assert.ok(pieces.length < 1_000, `${pieces.length} pieces`);
  });

  test("rows before an error arrive, however many were ready together", async () => {
    for (const count of [1, 2, 50_000]) {
      const source = function* () {
        for (let row = 0; row < count; row++) yield "12345678\n";
        throw new Error("the end of it");
      };
      const { text, error } = await readToEnd(new StreamingHttpResponse(source));
      assert.equal(text.length, 9 * count);
      assert.equal((error as Error).message, "the end of it");
    }
  });
});

describe("time slices", () => {
  test("a synchronous source without an end lets timers run", async () => {
    const source = function* () {
      while (true) yield "row\n";
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    const clock = { ticks: 0 };
    const timer = setInterval(() => (clock.ticks += 1), 1);
    const deadline = performance.now() + 10_000;
    // Each read is answered at once, so that only the source itself can give way.
    while (clock.ticks < 5 && performance.now() < deadline) await reader.read();
    clearInterval(timer);
    await reader.cancel();
    assert.ok(clock.ticks >= 5, `${clock.ticks} ticks`);
  });

  test("so does an asynchronous one that never really waits", async () => {
    const source = async function* () {
      while (true) yield "row\n";
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    const clock = { ticks: 0 };
    const timer = setInterval(() => (clock.ticks += 1), 1);
    const deadline = performance.now() + 10_000;
    while (clock.ticks < 5 && performance.now() < deadline) await reader.read();
    clearInterval(timer);
    await reader.cancel();
    assert.ok(clock.ticks >= 5, `${clock.ticks} ticks`);
  });

  test("one that yields nothing but empty chunks lets the reader leave", async () => {
    let closed = false;
    const source = function* () {
      try {
        while (true) yield "";
      } finally {
        closed = true;
      }
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    const reading = reader.read();
    await settle();
    await reader.cancel();
    assert.equal((await reading).done, true);
    await settle();
    assert.equal(closed, true);
  });

  test("one that works long for each chunk gives way between chunks", async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    const source = function* () {
      for (let row = 0; row < 10; row++) {
        work(8);
        yield "row\n";
      }
    };
    await new StreamingHttpResponse(source).text();
    clearInterval(timer);
    assert.ok(ticks >= 5, `${ticks} ticks`);
  });
});
