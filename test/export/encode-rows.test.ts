import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { describe, test, type TestContext } from "node:test";

import { csv, csvChunks, jsonArrayChunks, ndjson, ndjsonChunks } from "millrace/export";

import { serving } from "../node/support/serving.ts";
import { readerOf, readText, readToEnd } from "../response/support/read.ts";
import { awake, captureWarnings, settle, watchOutcome } from "../response/support/watch.ts";
import { curl } from "../support/curl.ts";
import { within } from "../support/within.ts";

const textOf = (chunk: Uint8Array) => Buffer.from(chunk).toString();

/** Rows that come when they are told to. */
class Tap implements AsyncIterableIterator<unknown> {
  readonly #given: IteratorResult<unknown>[] = [];
  #waiting: ((step: IteratorResult<unknown>) => void) | undefined;
  asked = 0;
  returned = 0;

  give(value: unknown): void {
    this.#push({ done: false, value });
  }

  end(): void {
    this.#push({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<unknown>> {
    this.asked += 1;
    const step = this.#given.shift();
    if (step !== undefined) return Promise.resolve(step);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.returned += 1;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #push(step: IteratorResult<unknown>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#given.push(step);
    else waiting(step);
  }
}

/** A synchronous iterator that says how it was treated. */
function watchedRows(values: readonly unknown[]) {
  const seen = { opened: 0, asked: 0, returned: 0 };
  const rows = {
    [Symbol.iterator]() {
      seen.opened += 1;
      let at = 0;
      return {
        next() {
          seen.asked += 1;
          return at < values.length
            ? { done: false as const, value: values[at++] }
            : { done: true as const, value: undefined };
        },
        return() {
          seen.returned += 1;
          return { done: true as const, value: undefined };
        },
      };
    },
  };
  return { rows, seen };
}

describe("when chunks leave", () => {
  test("a row that is alone leaves at once", async () => {
    const rows = new Tap();
    const chunks = ndjsonChunks(rows)[Symbol.asyncIterator]();
    for (const value of [1, 2, 3]) {
      const next = chunks.next();
      rows.give({ value });
      assert.equal(textOf((await within(next, "the row", 500)).value), `{"value":${value}}\n`);
    }
    const end = chunks.next();
    rows.end();
    assert.deepEqual(await end, { done: true, value: undefined });
  });

  test("rows that come together leave together", async () => {
    const rows = new Tap();
    const chunks = csvChunks(rows)[Symbol.asyncIterator]();
    const next = chunks.next();
    for (const id of [1, 2, 3]) rows.give({ id });
    assert.equal(textOf((await next).value), "id\r\n1\r\n2\r\n3\r\n");
  });

  for (const kind of ["sync", "async", "batches", "async batches"] as const) {
    test(`many ${kind} rows leave in chunks of 64 KiB`, async () => {
      const count = 100_000;
      const row = "some text ".repeat(20);
      const batch = Array.from({ length: 1_000 }, () => [row, 12.5]);
      function* sync() {
        for (let index = 0; index < count; index++) yield batch[0];
      }
      function* batches() {
        for (let index = 0; index < count; index += batch.length) yield batch;
      }
      async function* later() {
        yield* kind === "async" ? sync() : batches();
      }
      const rows = { sync, batches, async: later, "async batches": later }[kind]();
      const sizes: number[] = [];
      for await (const chunk of csvChunks<unknown>(rows as AsyncIterable<unknown>))
        sizes.push(chunk.byteLength);
      assert.equal(
        sizes.reduce((sum, size) => sum + size),
        count * `${row},12.5\r\n`.length,
      );
      assert.ok(Math.max(...sizes) === 65_536);
      const full = sizes.filter((size) => size === 65_536).length;
      assert.ok(full > 0.5 * sizes.length, `${full} of ${sizes.length} are full`); // a slice of time may end between
    });
  }

  test("one batch of many megabytes leaves in pieces, and others run in between", async () => {
    const batch = Array.from({ length: 1_000_000 }, (_, id) => ({ id }));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    let largest = 0;
    async function* rows() {
      yield batch;
    }
    for await (const chunk of csvChunks(rows())) largest = Math.max(largest, chunk.byteLength);
    clearInterval(timer);
    assert.equal(largest, 65_536);
    assert.ok(turns > 3, `${turns} turns`);
  });

  test("what a full chunk has left over does not wait for more rows", async () => {
    const rows = new Tap();
    const chunks = ndjsonChunks(rows)[Symbol.asyncIterator]();
    const first = chunks.next();
    rows.give("x".repeat(65_533 + 10)); // with quotes and the line end 10 bytes more than a full chunk
    assert.equal((await first).value.byteLength, 65_536);
    const rest = await within(chunks.next(), "the rest", 500);
    assert.equal(textOf(rest.value), `${"x".repeat(8)}"\n`);
  });

  test("a row that comes while nobody asks leaves with the next call", async () => {
    const rows = new Tap();
    const chunks = ndjsonChunks(rows)[Symbol.asyncIterator]();
    const first = chunks.next();
    rows.give(1);
    await first;
    rows.give(2);
    await settle();
    assert.equal(textOf((await within(chunks.next(), "the row", 500)).value), "2\n");
  });

  test("rows are not asked for before the first chunk is, nor once nobody wants more", async () => {
    const rows = new Tap();
    const chunks = ndjsonChunks(rows)[Symbol.asyncIterator]();
    await settle();
    assert.equal(rows.asked, 0);
    const first = chunks.next();
    for (let row = 0; row < 10; row++) rows.give(row);
    await first;
    const { asked } = rows;
    await settle();
    assert.ok(rows.asked <= asked + 1);
  });

  test("the header leaves with the first row", async () => {
    const rows = new Tap();
    const chunks = csvChunks(rows, { columns: ["id"] })[Symbol.asyncIterator]();
    const first = chunks.next();
    await settle();
    rows.give([1]);
    assert.equal(textOf((await first).value), "id\r\n1\r\n");
  });

  test("the header leaves alone when no row comes for a second", async () => {
    const rows = new Tap();
    const chunks = csvChunks(rows, { columns: ["id"] })[Symbol.asyncIterator]();
    const first = await awake(within(chunks.next(), "the header", 3_000));
    assert.equal(textOf(first.value), "id\r\n");
    const second = chunks.next();
    rows.give([1]);
    assert.equal(textOf((await second).value), "1\r\n");
  });
});

describe("where rows come from", () => {
  const stream = () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue({ id: 1 });
        controller.enqueue([{ id: 2 }, { id: 3 }]);
        controller.close();
      },
    });

  test("arrays, sets, generators, web streams, Node streams and promises of them", async () => {
    function* generate() {
      yield { id: 1 };
      yield [{ id: 2 }, { id: 3 }];
    }
    async function* later() {
      yield* generate();
    }
    const sources = [
      ...[[...generate()], new Set(generate()), generate(), later(), stream()],
      ...[Readable.from(later()), Promise.resolve(generate()), Promise.resolve(later())],
    ];
    for (const source of sources) {
      const parts: Uint8Array[] = [];
      for await (const chunk of csvChunks(source as AsyncIterable<unknown>)) parts.push(chunk);
      assert.equal(Buffer.concat(parts).toString(), "id\r\n1\r\n2\r\n3\r\n");
    }
    for (const source of [() => later(), async () => generate(), () => stream()]) {
      assert.equal(
        await csv<unknown>(source as () => AsyncIterable<unknown>).text(),
        "id\r\n1\r\n2\r\n3\r\n",
      );
    }
  });

  test("synchronous rows make a synchronous iterable, which can be read as often as they can", () => {
    const chunks = csvChunks([{ id: 1 }]);
    assert.equal(Buffer.concat([...chunks]).toString(), "id\r\n1\r\n");
    assert.equal(Buffer.concat([...chunks]).toString(), "id\r\n1\r\n");
  });

  test("nothing is opened before it is read", async () => {
    const { rows, seen } = watchedRows([{ id: 1 }]);
    csvChunks(rows);
    const response = csv(rows);
    const web = stream();
    csvChunks(web);
    assert.equal(seen.opened, 0);
    assert.equal(web.locked, false);
    await response.text();
    assert.equal(seen.opened, 1);
  });
});

describe("when rows fail", () => {
  /** What `serve` answers to one request. */
  async function answer(t: TestContext, create: () => Response) {
    const server = await serving(t, create);
    return curl(["-i", server.url]);
  }

  const columns = ["id"];

  test("a query that fails at once is a 500, although the header was known", async (t) => {
    const failing = [
      async function* () {
        throw new Error("no such table");
      },
      // oxlint-disable-next-line eslint/require-yield -- it fails before
      function* () {
        throw new Error("no such table");
      },
      async () => {
        throw new Error("no connection");
      },
      () => Promise.reject<Iterable<unknown>>(new Error("no connection")),
      () => new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) }),
      () => Readable.from(["x"]).destroy(new Error("gone")),
    ];
    for (const rows of failing) {
      const { text } = await answer(t, () =>
        csv<unknown>(rows as () => Iterable<unknown>, { columns, bom: true }),
      );
      assert.match(text, /^HTTP\/1.1 500 /);
      assert.doesNotMatch(text, /\r\n\r\n.*id\r\n/s);
    }
  });

  test("a first row that cannot be written is a 500", async (t) => {
    for (const rows of [
      [[1, 2]],
      (async function* () {
        yield [1, 2];
      })(),
    ]) {
      const { text } = await answer(t, () => csv<unknown>(rows as Iterable<unknown>, { columns }));
      assert.match(text, /^HTTP\/1.1 500 /);
    }
  });

  test("what came before a row that cannot be written is delivered, and the response is cut", async (t) => {
    const many = Array.from({ length: 10_000 }, (_, id) => [id]);
    const bad = [...many, [1, 2]];
    const expected = ["id", ...many].join("\r\n") + "\r\n";
    async function* later() {
      yield* bad;
    }
    async function* batch() {
      yield bad;
    }
    for (const rows of [() => bad, later, batch]) {
      const server = await serving(t, () =>
        csv<unknown>(rows as () => Iterable<unknown>, { columns }),
      );
      const { code, text } = await curl([server.url]);
      assert.equal(code, 18);
      assert.equal(text, expected);
    }
  });

  test("a row that cannot be written closes the rows, sync or not, once", async () => {
    const { rows, seen } = watchedRows([{ a: 1 }, { b: 1 }, { a: 1 }]);
    assert.throws(() => [...csvChunks(rows)], { code: "ROW_INVALID" });
    assert.deepEqual(seen, { opened: 1, asked: 2, returned: 1 });

    const tap = new Tap();
    const chunks = csvChunks(tap)[Symbol.asyncIterator]();
    const first = chunks.next();
    tap.give({ a: 1 });
    tap.give({ b: 1 });
    assert.equal(textOf((await first).value), "a\r\n1\r\n");
    await assert.rejects(chunks.next(), { code: "ROW_INVALID" });
    assert.equal(tap.returned, 1);
    await chunks.return?.();
    assert.equal(tap.returned, 1);
  });

  test("the mistake in the row is told, not that of the cleanup after it", async () => {
    const tap = new Tap();
    tap.return = () => Promise.reject(new Error("cleanup"));
    tap.give(1);
    await assert.rejects(csvChunks(tap)[Symbol.asyncIterator]().next(), { code: "ROW_INVALID" });
  });

  test("rows that throw by themselves are not told to return", async () => {
    const tap = new Tap();
    tap.next = () => Promise.reject(new Error("gone"));
    await assert.rejects(csvChunks(tap)[Symbol.asyncIterator]().next(), { message: "gone" });
    assert.equal(tap.returned, 0);
  });

  test("even `throw undefined` is a failure", async () => {
    async function* later() {
      yield { id: 1 };
      throw undefined;
    }
    function* now() {
      yield { id: 1 };
      throw undefined;
    }
    for (const rows of [later, now]) {
      const { onClose, closed } = watchOutcome();
      const { text } = await readToEnd(csv<unknown>(rows as () => Iterable<unknown>, { onClose }));
      assert.equal(text, "id\r\n1\r\n");
      assert.equal((await closed).type, "failed");
    }
  });

  test("an array that failed is never closed", async () => {
    async function* rows() {
      yield { id: 1 };
      throw new Error("gone");
    }
    const parts: string[] = [];
    await assert.rejects(async () => {
      for await (const chunk of jsonArrayChunks(rows())) parts.push(textOf(chunk));
    });
    assert.equal(parts.join(""), '[{"id":1}');
  });

  test("a promise of rows that is rejected before anybody reads does not end the process", async (t) => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listener);
    t.after(() => process.off("unhandledRejection", listener));
    const response = csv(Promise.reject<unknown[]>(new Error("no connection")), {
      total: Promise.reject(new Error("no count")),
    });
    await settle();
    assert.deepEqual(unhandled, []);
    await assert.rejects(response.text(), { message: "no connection" });
  });
});

describe("when nobody wants the rest", () => {
  test("rows that are parked are told to return at once", async () => {
    const rows = new Tap();
    const chunks = csvChunks(rows)[Symbol.asyncIterator]();
    const parked = chunks.next();
    await settle();
    assert.deepEqual([rows.asked, rows.returned], [1, 0]);
    await within(Promise.resolve(chunks.return?.()), "the return", 500);
    assert.equal(rows.returned, 1);
    assert.deepEqual(await within(parked, "the end of the parked call", 500), {
      done: true,
      value: undefined,
    });
  });

  test("a client that leaves ends parked rows, whatever they are", async (t) => {
    const left = Promise.withResolvers<void>();
    const tap = new Tap();
    tap.return = () => {
      left.resolve();
      return Promise.resolve({ done: true, value: undefined });
    };
    tap.give({ id: 1 });
    const server = await serving(t, () => ndjson(tap));
    const client = new AbortController();
    const response = await fetch(server.url, { signal: client.signal });
    assert.equal(await readText(readerOf(response)), '{"id":1}\n');
    client.abort();
    await within(left.promise, "the return");
  });

  test("rows that were promised are closed when the reader has left before they came", async () => {
    for (const sync of [true, false]) {
      const watched = watchedRows([{ id: 1 }]);
      const tap = new Tap();
      const promised = Promise.withResolvers<Iterable<unknown> | AsyncIterable<unknown>>();
      const called = Promise.withResolvers<void>();
      const rows = () => {
        called.resolve();
        return promised.promise;
      };
      const reader = readerOf(csv<unknown>(rows as () => Promise<Iterable<unknown>>));
      const read = reader.read();
      await called.promise;
      await reader.cancel();
      promised.resolve(sync ? watched.rows : tap);
      await read;
      await settle();
      assert.equal(sync ? watched.seen.returned : tap.returned, 1);
      assert.equal(sync ? watched.seen.asked : tap.asked, 0);
    }
  });

  test("a response that nobody reads closes the rows it was given, and never calls a function", async () => {
    const tap = new Tap();
    const streams = [tap, new PassThrough({ objectMode: true }), new ReadableStream()] as const;
    for (const rows of streams) {
      const { onClose, closed } = watchOutcome();
      await csv(rows as AsyncIterable<unknown>, { onClose }).body?.cancel();
      assert.equal((await closed).type, "cancelled");
    }
    assert.equal(tap.returned, 1);
    assert.ok(streams[1].destroyed);
    await csv(() => assert.fail("called")).body?.cancel();
  });

  test("a stalled reader holds the rows back", async (t) => {
    const warnings = captureWarnings(t);
    let made = 0;
    async function* rows() {
      for (; made < 2_000_000; made++)
        yield [made, "a row of some length, so that the buffers of the kernel are full soon"];
    }
    const server = await serving(t, () => csv(rows));
    const response = await fetch(server.url);
    const reader = readerOf(response);
    await reader.read();
    let before = -1;
    while (before !== made) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(made < 1_000_000, `${made} rows were made`);
    await reader.cancel();
    assert.deepEqual(warnings, []);
  });
});

test("a Node stream of rows that fails in the middle ends the export with its error", async () => {
  const rows = new PassThrough({ objectMode: true });
  const { onClose, closed } = watchOutcome();
  const reader = readerOf(csv(rows, { onClose }));
  rows.write({ id: 1 });
  assert.equal(await readText(reader), "id\r\n1\r\n");
  const next = reader.read();
  rows.destroy(new Error("the cursor is gone"));
  await assert.rejects(next, { message: "the cursor is gone" });
  assert.equal((await closed).type, "failed");
  if (!rows.closed) await once(rows, "close");
});
