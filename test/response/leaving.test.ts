import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { readerOf, type BodyReader } from "./support/read.ts";
import { captureWarnings, pause, settle, watchOutcome } from "./support/watch.ts";

const never = new Promise<never>(() => {});

/** Reads one row and asks for the next, so that the source is parked in whatever comes after its first `yield`. */
async function park(response: Response): Promise<BodyReader> {
  const reader = readerOf(response);
  await reader.read();
  void reader.read();
  await settle();
  return reader;
}

describe("a reader that leaves", () => {
  test("ends a generator that is between two chunks: its `finally` runs once, its `catch` does not", async () => {
    const log: string[] = [];
    const source = async function* () {
      try {
        while (true) yield "x".repeat(100_000);
      } catch {
        log.push("catch");
      } finally {
        log.push("finally");
      }
    };
    const reader = readerOf(new StreamingHttpResponse(source));
    await reader.read();
    await settle();
    await reader.cancel();
    await settle();
    assert.deepEqual(log, ["finally"]);
  });

  test("aborts the signal, so that a parked generator that listens ends within one turn", async () => {
    const log: string[] = [];
    const source = async function* ({ signal }: { signal: AbortSignal }) {
      try {
        yield "row\n";
        await pause(60_000, signal);
      } catch (error) {
        log.push((error as Error).name);
      } finally {
        log.push("finally");
      }
    };
    const reader = await park(new StreamingHttpResponse(source));
    await reader.cancel();
    await new Promise<void>((resolve) => void setTimeout(resolve, 0));
    assert.deepEqual(log, ["AbortError", "finally"]);
  });

  test("aborts the signal with the reason that the outcome has", async () => {
    const { onClose, closed } = watchOutcome();
    let signal: AbortSignal | undefined;
    const source = async function* (context: { signal: AbortSignal }) {
      signal = context.signal;
      yield "row\n";
      await never;
    };
    const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
    await reader.read();
    await reader.cancel("enough");
    assert.equal(signal?.reason, (await closed).error);
  });

  test("does not wait for a generator that does not listen", async () => {
    const { onClose, outcomes } = watchOutcome();
    const source = async function* () {
      yield "row\n";
      await never;
    };
    const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
    await reader.read();
    const reading = reader.read();
    await settle();
    await reader.cancel();
    assert.equal(outcomes[0]?.type, "cancelled");
    assert.equal((await reading).done, true);
  });

  test("lets a generator that does not listen run to its next chunk, which nobody gets", async () => {
    const log: string[] = [];
    const { promise: parked, resolve: unpark } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const source = async function* () {
      try {
        yield "row 1\n";
        await parked;
        log.push("unparked");
        yield "row 2\n";
        log.push("pulled on");
      } finally {
        end();
      }
    };
    const reader = await park(new StreamingHttpResponse(source));
    await reader.cancel();
    unpark();
    await ended;
    assert.deepEqual(log, ["unparked"]);
  });

  test("while the source is still being opened has it closed as soon as it is there", async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<ReadableStream<string>>();
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>();
    const { onClose, outcomes } = watchOutcome();
    const reader = readerOf(new StreamingHttpResponse(() => opened, { onClose }));
    const reading = reader.read();
    await settle();
    await reader.cancel("left");
    assert.equal((await reading).done, true);
    let pulled = false;
    const pull = () => {
      pulled = true;
    };
    open(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }));
    assert.equal(((await cancelled) as Error).name, "AbortError");
    assert.deepEqual([pulled, outcomes.length], [false, 1]);
  });

  test("while the source is being opened and then fails to open is no error of anybody", async (t) => {
    const warnings = captureWarnings(t);
    const { promise: opened, reject } = Promise.withResolvers<string[]>();
    const { onClose, outcomes } = watchOutcome();
    const reader = readerOf(new StreamingHttpResponse(() => opened, { onClose }));
    const reading = reader.read();
    await settle();
    await reader.cancel();
    reject(new Error("aborted by the signal"));
    await reading;
    await settle();
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["cancelled"],
    );
    assert.deepEqual(warnings, []);
  });

  test("before a chunk that is on its way loses that chunk and nothing else", async () => {
    const { onClose, closed } = watchOutcome();
    const reader = readerOf(new StreamingHttpResponse(["a"], { onClose }));
    const reading = reader.read();
    await reader.cancel();
    assert.equal((await reading).done, true);
    assert.equal((await closed).type, "cancelled");
  });
});

describe("clean-up", () => {
  const failing: [name: string, fails: () => void][] = [
    [
      "an Error",
      () => {
        throw new Error("clean-up failed");
      },
    ],
    [
      "a TypeError of its own",
      () => {
        throw new TypeError("clean-up failed");
      },
    ],
    [
      "something without a text",
      () => {
        throw Object.create(null);
      },
    ],
  ];
  for (const [name, fails] of failing) {
    test(`that throws ${name} is a warning, for every kind of generator`, async (t) => {
      const warnings = captureWarnings(t);
      const rows = function* () {
        try {
          while (true) yield "x".repeat(100_000);
        } finally {
          fails();
        }
      };
      const asyncRows = async function* () {
        try {
          while (true) yield "x".repeat(100_000);
        } finally {
          fails();
        }
      };
      for (const source of [rows, asyncRows]) {
        const { onClose, outcomes } = watchOutcome();
        const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
        await reader.read();
        await settle();
        await reader.cancel();
        await settle();
        assert.deepEqual(
          outcomes.map(({ type }) => type),
          ["cancelled"],
        );
      }
      const codes = warnings.map(({ code }) => code);
      assert.deepEqual(codes, ["SOURCE_CLEANUP_THREW", "SOURCE_CLEANUP_THREW"]);
      if (name !== "something without a text")
        assert.match(warnings[0]!.message, /clean-up failed/);
    });
  }

  test("of a generator that listened may throw what it wants: a driver has its own words for being cancelled", async (t) => {
    const warnings = captureWarnings(t);
    const source = async function* ({ signal }: { signal: AbortSignal }) {
      try {
        yield "row\n";
        await pause(60_000, signal);
      } catch {
        throw new Error("canceling statement due to user request");
      }
    };
    const reader = await park(new StreamingHttpResponse(source));
    await reader.cancel();
    await settle();
    assert.deepEqual(warnings, []);
  });

  test("that ends with the reason of the signal is no warning", async (t) => {
    const warnings = captureWarnings(t);
    const source = async function* ({ signal }: { signal: AbortSignal }) {
      yield "row\n";
      await pause(60_000, signal);
    };
    const reader = await park(new StreamingHttpResponse(source));
    await reader.cancel();
    await settle();
    assert.deepEqual(warnings, []);
  });
});
