import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MillraceError, StreamingHttpResponse, type Chunk, type Source } from "millrace";

import { piecesOf, readerOf, readToEnd } from "./support/read.ts";
import { settle, watchOutcome } from "./support/watch.ts";

const encoder = new TextEncoder();

function streamOf<T>(...chunks: T[]): ReadableStream<T> {
  return new ReadableStream<T>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

function* rows(): Generator<string> {
  yield "a";
  yield "b";
}

async function* asyncRows(): AsyncGenerator<Chunk> {
  yield "a";
  await settle();
  yield encoder.encode("b");
}

/** An iterator written by hand, without `return`. */
function handMade(): Iterator<string> {
  let step = 0;
  return {
    next: () => ({ value: "ab"[step] ?? "", done: step++ === 2 }),
  };
}

/** Every kind of source; each yields `a`, then `b`. */
const kinds: Record<string, () => Source> = {
  "an array": () => ["a", "b"],
  "a Set": () => new Set(["a", "b"]),
  "an iterator of an array": () => ["a", "b"].values(),
  "a generator": () => rows(),
  "an async generator": () => asyncRows(),
  "an object with Symbol.iterator": () => ({ [Symbol.iterator]: handMade }),
  "an object with Symbol.asyncIterator": () => ({
    [Symbol.asyncIterator]() {
      const iterator = handMade();
      return { next: () => Promise.resolve(iterator.next()) };
    },
  }),
  "a ReadableStream of strings": () => streamOf("a", "b"),
  "a ReadableStream of bytes": () => streamOf(encoder.encode("a"), encoder.encode("b")),
  "a byte stream": () =>
    new ReadableStream({
      type: "bytes",
      start(controller) {
        controller.enqueue(encoder.encode("ab"));
        controller.close();
      },
    }),
  "the body of a response": () => new Response("ab").body ?? [],
  "a promise of an array": () => Promise.resolve(["a", "b"]),
  "a promise of an async generator": () => Promise.resolve(asyncRows()),
  "a promise of a ReadableStream": () => Promise.resolve(streamOf("a", "b")),
  "a generator function": () => rows,
  "an async generator function": () => asyncRows,
  "a function that returns an array": () => () => ["a", "b"],
  "a function that returns a generator": () => () => rows(),
  "a function that returns a ReadableStream": () => () => streamOf("a", "b"),
  "a function that returns a promise": () => () => Promise.resolve(asyncRows()),
  "an async function": () => async () => {
    await settle();
    return rows();
  },
};

describe("sources", () => {
  for (const [kind, make] of Object.entries(kinds)) {
    test(`${kind} streams what it yields, in order`, async () => {
      const { onClose, closed } = watchOutcome();
      const response = new StreamingHttpResponse(make(), { onClose });
      assert.equal(await response.text(), "ab");
      assert.equal((await closed).type, "complete");
    });
  }

  test("an object that is iterable in both ways is read synchronously", async () => {
    const both = {
      [Symbol.iterator]: handMade,
      [Symbol.asyncIterator]() {
        throw new Error("the asynchronous way was taken");
      },
    };
    assert.equal(await new StreamingHttpResponse(both).text(), "ab");
  });

  test("an empty source is a complete and empty response", async () => {
    const { onClose, closed } = watchOutcome();
    assert.deepEqual(await piecesOf(new StreamingHttpResponse([], { onClose })), []);
    const { type, bytes, chunks, firstChunk } = await closed;
    assert.deepEqual([type, bytes, chunks, firstChunk], ["complete", 0, 0, undefined]);
  });

  test("what a generator returns is not a chunk", async () => {
    function* source(): Generator<string, string> {
      yield "row";
      return "summary";
    }
    assert.equal(await new StreamingHttpResponse(source()).text(), "row");
  });
});

/** What is no source, what it is called in the message, and what the message advises. */
const mistakes: [value: unknown, name: string, called: RegExp, advice: RegExp][] = [
  ["text", "a string", /a string \("text"\)/, /new Response\(text\)/],
  [encoder.encode("bytes"), "a Uint8Array", /class Uint8Array/, /new Response\(bytes\)/],
  [new ArrayBuffer(4), "an ArrayBuffer", /class ArrayBuffer/, /new Response\(bytes\)/],
  [new DataView(new ArrayBuffer(4)), "a DataView", /class DataView/, /new Response\(bytes\)/],
  [42, "a number", /a number \(42\)/, /an iterable/],
  [true, "a boolean", /a boolean \(true\)/, /an iterable/],
  [Symbol("s"), "a symbol", /a symbol/, /an iterable/],
  [null, "null", /is null/, /an iterable/],
  [undefined, "undefined", /is undefined/, /an iterable/],
  [new Response("text"), "a Response", /class Response/, /`response\.body`/],
  [new Blob(["text"]), "a Blob", /class Blob/, /`blob\.stream\(\)`/],
  [{ rows: [] }, "a plain object", /a plain object/, /an iterable/],
  [Object.create(null), "an object without a prototype", /a plain object/, /an iterable/],
  [new Date(0), "a Date", /class Date/, /an iterable/],
];

describe("mistakes", () => {
  for (const [value, name, called, advice] of mistakes) {
    test(`${name} as the source is an error at the call that says what to give`, () => {
      assert.throws(
        () => new StreamingHttpResponse(value as Source),
        (error: MillraceError) => {
          assert.ok(error instanceof MillraceError);
          assert.deepEqual([error.code, error.name], ["SOURCE_INVALID", "TypeError"]);
          assert.match(error.message, called);
          assert.match(error.message, advice);
          return true;
        },
      );
    });
  }

  test("a ReadableStream that somebody reads already is an error at the call", () => {
    const stream = streamOf("a");
    stream.getReader();
    assert.throws(() => new StreamingHttpResponse(stream), {
      code: "SOURCE_INVALID",
      message: /locked/,
    });
  });

  test("a long string is shortened in the message", () => {
    const source = "x".repeat(1_000_000) as unknown as Source;
    assert.throws(
      () => new StreamingHttpResponse(source),
      ({ message }: Error) => message.length < 400,
    );
  });

  test("what a function returns is checked like a source itself", async () => {
    for (const source of [() => "text", async () => new Response("text"), () => () => ["a"]]) {
      const { onClose, closed } = watchOutcome();
      const response = new StreamingHttpResponse(source as unknown as Source, { onClose });
      await assert.rejects(response.text(), { code: "SOURCE_INVALID", message: /returned/ });
      assert.equal((await closed).type, "failed");
    }
  });

  test("a function that throws fails the response with its own error", async () => {
    const error = new Error("no database");
    const { onClose, closed } = watchOutcome();
    const response = new StreamingHttpResponse(
      () => {
        throw error;
      },
      { onClose },
    );
    assert.equal((await readToEnd(response)).error, error);
    assert.equal((await closed).error, error);
  });

  test("a rejected promise as the source fails the reader, and nobody when it is never read", async () => {
    const error = new Error("no database");
    const never = new StreamingHttpResponse(Promise.reject(error));
    await settle(); // an unhandled rejection would fail this test
    assert.equal((await readToEnd(never)).error, error);
  });
});

describe("a lazy start", () => {
  test("a function is called on the first read and not before, once", async () => {
    let calls = 0;
    const response = new StreamingHttpResponse(() => {
      calls += 1;
      return ["a", "b"];
    });
    const reader = readerOf(response);
    await settle();
    assert.equal(calls, 0);
    await reader.read();
    await reader.read();
    assert.equal(calls, 1);
  });

  test("nothing of a source is touched before the first read", async () => {
    const touched: string[] = [];
    const iterable = {
      [Symbol.iterator]() {
        touched.push("iterator");
        return handMade();
      },
    };
    const stream = new ReadableStream<string>(
      {
        pull(controller) {
          touched.push("pull");
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const responses = [iterable, stream].map((source) => new StreamingHttpResponse(source));
    await settle();
    assert.deepEqual(touched, []);
    for (const response of responses) await response.text();
    assert.deepEqual(touched, ["iterator", "pull"]);
  });

  test("a query that starts with its first `then` is not started before the first read, and once", async () => {
    let started = 0;
    const query: PromiseLike<string[]> = {
      // oxlint-disable-next-line unicorn/no-thenable -- query builders are such objects
      then(onFulfilled) {
        started += 1;
        return Promise.resolve(["a", "b"]).then(onFulfilled);
      },
    };
    const response = new StreamingHttpResponse(query);
    await settle();
    assert.equal(started, 0);
    assert.equal(await response.text(), "ab");
    assert.equal(started, 1);
  });

  test("a function is called with a signal, the same each time it is asked for", async () => {
    let signals: AbortSignal[] = [];
    const response = new StreamingHttpResponse((context) => {
      signals = [context.signal, context.signal];
      return ["a"];
    });
    await response.text();
    assert.ok(signals[0] instanceof AbortSignal);
    assert.equal(signals[0], signals[1]);
    assert.equal(signals[0].aborted, false, "a complete stream aborts nothing");
  });

  test("a signal that is asked for after the end is aborted already", async () => {
    let ask: (() => AbortSignal) | undefined;
    const response = new StreamingHttpResponse((context) => {
      ask = () => context.signal;
      return (async function* () {
        yield "a";
        yield "b";
      })();
    });
    const reader = readerOf(response);
    await reader.read();
    await reader.cancel("enough");
    assert.equal(ask?.().aborted, true);
  });
});
