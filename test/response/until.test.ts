import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { StreamingHttpResponse, until } from "millrace";

import { readerOf, readText } from "./support/read.ts";
import { settle, watchOutcome } from "./support/watch.ts";

const never = new Promise<never>(() => {});

/** What `until` yields, and what it throws. */
async function collect<T>(
  rows: AsyncIterable<T>,
  onRow: (row: T) => void = () => {},
): Promise<{ rows: T[]; error?: unknown }> {
  const all: T[] = [];
  try {
    for await (const row of rows) {
      all.push(row);
      onRow(row);
    }
    return { rows: all };
  } catch (error) {
    return { rows: all, error };
  }
}

/** An async iterable that writes down how it is treated. */
function watched(next: (step: number) => Promise<IteratorResult<number>>, log: string[]) {
  let step = 0;
  return {
    [Symbol.asyncIterator]() {
      log.push("open");
      return {
        next: () => next(++step),
        return() {
          log.push("return");
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
    },
  };
}

const row = (value: number) => Promise.resolve({ done: false as const, value });
const end = () => Promise.resolve({ done: true as const, value: undefined });

describe("until", () => {
  test("yields what the source yields, to its end, which it does not close again", async () => {
    const log: string[] = [];
    const source = watched((step) => (step < 4 ? row(step) : end()), log);
    const { signal } = new AbortController();
    assert.deepEqual(await collect(until(source, signal)), { rows: [1, 2, 3] });
    assert.deepEqual(log, ["open"]);
  });

  test("a parked source is left behind as soon as the signal aborts, and told to return", async () => {
    const log: string[] = [];
    const source = watched((step) => (step < 3 ? row(step) : never), log);
    const controller = new AbortController();
    const reason = new Error("the client left");
    const collecting = collect(until(source, controller.signal));
    await settle();
    controller.abort(reason);
    assert.deepEqual(await collecting, { rows: [1, 2], error: reason });
    assert.deepEqual(log, ["open", "return"]);
  });

  test("a signal that aborts between two rows ends it before the next one is asked for", async () => {
    const asked: number[] = [];
    const controller = new AbortController();
    const source = watched((step) => {
      asked.push(step);
      return row(step);
    }, []);
    const { rows, error } = await collect(until(source, controller.signal), (value) => {
      if (value === 2) controller.abort();
    });
    assert.deepEqual(
      [rows, asked],
      [
        [1, 2],
        [1, 2],
      ],
    );
    assert.equal(error, controller.signal.reason);
  });

  test("a signal that has aborted already starts nothing", async () => {
    const log: string[] = [];
    const reason = new Error("too late");
    const { rows, error } = await collect(until(watched(row, log), AbortSignal.abort(reason)));
    assert.deepEqual([rows, error, log], [[], reason, []]);
  });

  test("an error of the source is passed on, and the source is not closed again", async () => {
    const log: string[] = [];
    const thrown = new Error("the database left");
    const source = watched((step) => (step < 2 ? row(step) : Promise.reject(thrown)), log);
    const { signal } = new AbortController();
    assert.deepEqual(await collect(until(source, signal)), { rows: [1], error: thrown });
    assert.deepEqual(log, ["open"]);
  });

  test("a loop that ends early closes the source", async () => {
    const log: string[] = [];
    for await (const value of until(watched(row, log), new AbortController().signal)) {
      if (value === 2) break;
    }
    assert.deepEqual(log, ["open", "return"]);
  });

  test("what a source that was left behind does later is nobody's error", async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => promise,
        return: () => Promise.reject(new Error("clean-up failed")),
      }),
    };
    const controller = new AbortController();
    const collecting = collect(until(source, controller.signal));
    controller.abort();
    await collecting;
    reject(new Error("late"));
    await settle(); // an unhandled rejection would fail this test
  });

  const returns: [name: string, close: () => unknown][] = [
    ["returns no promise", () => ({ done: true, value: undefined })],
    ["returns nothing", () => undefined],
    [
      "throws",
      () => {
        throw new Error("clean-up failed");
      },
    ],
  ];
  for (const [name, close] of returns) {
    test(`a source whose \`return\` ${name} does not hide the reason`, async () => {
      const source = {
        [Symbol.asyncIterator]: () => ({ next: () => never, return: close }),
      } as unknown as AsyncIterable<number>;
      const controller = new AbortController();
      const reason = new Error("the client left");
      const collecting = collect(until(source, controller.signal));
      await settle();
      controller.abort(reason);
      assert.equal((await collecting).error, reason);
    });
  }

  test("a source without `return` is simply left", async () => {
    const source = { [Symbol.asyncIterator]: () => ({ next: () => never }) };
    const controller = new AbortController();
    const collecting = collect(until(source, controller.signal));
    controller.abort();
    assert.equal((await collecting).error, controller.signal.reason);
  });

  test("100,000 steps take one listener, and give it back", async () => {
    const { signal } = new AbortController();
    const log = { added: 0, removed: 0 };
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      log.added += 1;
      add(...parameters);
    };
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      log.removed += 1;
      remove(...parameters);
    };
    let rows = 0;
    const source = watched((step) => (step <= 100_000 ? row(step) : end()), []);
    for await (const value of until(source, signal)) rows = value ?? rows;
    assert.deepEqual([rows, log], [100_000, { added: 1, removed: 1 }]);
  });

  test("in a response it lets a deaf source go when the reader leaves", async () => {
    const log: string[] = [];
    const deaf = watched((step) => (step < 2 ? row(step) : never), log);
    const { onClose, closed } = watchOutcome();
    const response = new StreamingHttpResponse(
      async function* ({ signal }) {
        try {
          for await (const value of until(deaf, signal)) yield `${value}\n`;
        } finally {
          log.push("finally");
        }
      },
      { onClose },
    );
    const reader = readerOf(response);
    assert.equal(await readText(reader), "1\n");
    await settle();
    await reader.cancel();
    await settle();
    assert.deepEqual(log, ["open", "return", "finally"]);
    assert.equal((await closed).type, "cancelled");
  });
});
