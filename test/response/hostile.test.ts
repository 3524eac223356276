import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse, type Chunk, type Source } from "millrace";

import { readerOf, readToEnd, type BodyReader } from "./support/read.ts";
import { captureWarnings, settle, watchOutcome } from "./support/watch.ts";

/** A source that cancels its own reader at each of its own steps. */
const selfEnding: [name: string, make: (leave: () => void, log: string[]) => Source][] = [
  [
    "a function",
    (leave, log) => () => {
      leave();
      return (function* () {
        try {
          yield "a";
        } finally {
          log.push("finally");
        }
      })();
    },
  ],
  [
    "a synchronous generator",
    (leave, log) =>
      function* () {
        try {
          yield "a";
          leave();
          yield "b";
          log.push("pulled on");
        } finally {
          log.push("finally");
        }
      },
  ],
  [
    "an asynchronous generator",
    (leave, log) =>
      async function* () {
        try {
          yield "a";
          leave();
          yield "b";
          log.push("pulled on");
        } finally {
          log.push("finally");
        }
      },
  ],
  [
    "a `finally` block",
    (leave, log) =>
      function* () {
        try {
          yield "a";
          throw new Error("cut");
        } finally {
          log.push("finally");
          leave();
        }
      },
  ],
  [
    "a listener of the signal",
    (leave, log) =>
      async function* ({ signal }: { signal: AbortSignal }) {
        signal.addEventListener("abort", leave);
        try {
          yield "a";
          throw new Error("cut");
        } finally {
          log.push("finally");
        }
      },
  ],
];

describe("a source that ends its own stream", () => {
  for (const [name, make] of selfEnding) {
    test(`from ${name} has one outcome and one clean-up`, async (t) => {
      const warnings = captureWarnings(t);
      const log: string[] = [];
      const { onClose, outcomes } = watchOutcome();
      const leave = () => void reader.cancel("from inside");
      const response = new StreamingHttpResponse(make(leave, log), { onClose });
      const reader: BodyReader = readerOf(response);
      for (let read = 0; read < 3; read++) await reader.read().catch(() => {});
      await settle();
      assert.equal(outcomes.length, 1);
      assert.ok(log.length <= 1 && !log.includes("pulled on"), log.join());
      assert.deepEqual(warnings, []);
    });
  }

  test("from onClose changes nothing", async () => {
    let calls = 0;
    const onClose = () => {
      calls += 1;
      void reader.cancel();
    };
    const reader: BodyReader = readerOf(new StreamingHttpResponse(["a"], { onClose }));
    while (!(await reader.read()).done);
    await settle();
    assert.equal(calls, 1);
  });
});

/** An iterable whose iterator is what is given. */
function iterable(iterator: object): Source {
  return { [Symbol.iterator]: () => iterator } as Source;
}

function asyncIterable(iterator: object): Source {
  return { [Symbol.asyncIterator]: () => iterator } as Source;
}

function fail(): never {
  throw new Error("cut");
}

const broken: [name: string, make: () => Source][] = [
  ["whose `next` throws", () => iterable({ next: fail })],
  ["whose asynchronous `next` throws", () => asyncIterable({ next: fail })],
  ["whose `next` is missing", () => iterable({})],
  ["whose `next` returns nothing", () => iterable({ next: () => undefined })],
  ["whose `next` promises nothing", () => asyncIterable({ next: async () => undefined })],
  [
    "whose `done` throws",
    () => iterable({ next: () => Object.defineProperty({}, "done", { get: fail }) }),
  ],
  [
    "whose `value` throws",
    () => asyncIterable({ next: async () => Object.defineProperty({}, "value", { get: fail }) }),
  ],
  ["whose Symbol.iterator throws", () => ({ [Symbol.iterator]: fail })],
  ["whose Symbol.asyncIterator returns nothing", () => asyncIterable(undefined as never)],
  [
    "whose chunk cannot be looked at",
    () => [Proxy.revocable({}, {})].map(({ proxy, revoke }) => (revoke(), proxy as Chunk)),
  ],
  [
    "whose chunk has a `then` that throws",
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    () => [Object.defineProperty({}, "then", { get: fail }) as unknown as Chunk],
  ],
  [
    "whose chunk has a constructor that throws",
    () => [Object.defineProperty({}, "constructor", { get: fail }) as unknown as Chunk],
  ],
  ["that a promise gives and that is none", () => Promise.resolve(null) as unknown as Source],
  ["that is a class", () => Map as unknown as Source],
];

describe("a broken source", () => {
  for (const [name, make] of broken) {
    test(`${name} fails the stream, once, and harms nobody else`, async () => {
      const { onClose, outcomes } = watchOutcome();
      const { error } = await readToEnd(new StreamingHttpResponse(make(), { onClose }));
      assert.ok(error instanceof Error);
      await settle();
      assert.deepEqual(
        outcomes.map(({ type }) => type),
        ["failed"],
      );
      assert.equal(outcomes[0]?.error, error);
    });
  }
});

describe("the iterator protocol", () => {
  test("`next` is never called while a `next` is pending, nor after the end", async () => {
    let [pending, most, after] = [0, 0, 0];
    let step = 0;
    const source = asyncIterable({
      async next() {
        if (step > 50) after += 1;
        step += 1;
        pending += 1;
        most = Math.max(most, pending);
        if (step % 3 === 0) await settle();
        pending -= 1;
        return { done: step > 50, value: "x".repeat(20_000) };
      },
    });
    const response = new StreamingHttpResponse(source);
    const reader = readerOf(response);
    const reads = Array.from({ length: 60 }, () => reader.read());
    await Promise.all(reads);
    assert.deepEqual([most, after], [1, 0]);
  });

  test("`return` is called once when the reader leaves, and not when the source ended or threw itself", async () => {
    const ends: [name: string, last: () => unknown, leaves: boolean, returns: number][] = [
      ["ends", () => ({ done: true, value: undefined }), false, 0],
      ["throws", fail, false, 0],
      ["is left", () => ({ done: false, value: "x".repeat(100_000) }), true, 1],
    ];
    for (const [name, last, leaves, returns] of ends) {
      for (const wrap of [iterable, asyncIterable]) {
        let [step, returned] = [0, 0];
        const iterator = {
          next: () => (step++ === 0 ? { done: false, value: "x".repeat(100_000) } : last()),
          return: () => {
            returned += 1;
            return { done: true, value: undefined };
          },
        };
        const reader = readerOf(new StreamingHttpResponse(wrap(iterator)));
        if (leaves) {
          await reader.read();
          await settle();
          await reader.cancel();
        } else {
          while (!(await reader.read().catch(() => ({ done: true }))).done);
        }
        await settle();
        assert.equal(returned, returns, name);
      }
    }
  });

  test("an iterator without `return` is simply left", async (t) => {
    const warnings = captureWarnings(t);
    const endless = { next: () => ({ done: false, value: "row\n" }) };
    for (const source of [iterable(endless), asyncIterable(endless)]) {
      const { onClose, closed } = watchOutcome();
      const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
      await reader.read();
      await reader.cancel();
      assert.equal((await closed).type, "cancelled");
    }
    assert.deepEqual(warnings, []);
  });

  test("a promise of another library does, as the source and for each step", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    const thenable = <T>(value: T) => ({ then: (resolve: (value: T) => void) => resolve(value) });
    let step = 0;
    const source = asyncIterable({
      next: () => thenable({ done: step === 2, value: "ab"[step++] }),
    });
    const response = new StreamingHttpResponse(() => thenable(source) as never);
    assert.equal(await response.text(), "ab");
  });

  test("a `done` that is only truthy ends the stream", async () => {
    let steps = 0;
    const next = () => ({ done: 1, value: steps++ > 10 ? fail() : "not a chunk" });
    for (const source of [iterable({ next }), asyncIterable({ next })]) {
      assert.equal(await new StreamingHttpResponse(source).text(), "");
    }
  });
});
