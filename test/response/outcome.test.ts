import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { MillraceError, StreamingHttpResponse, type Source } from "millrace";

import { readerOf, readText, readToEnd } from "./support/read.ts";
import { awake, captureWarnings, settle, watchOutcome } from "./support/watch.ts";

/** Waits for nothing that ever comes. */
const never = new Promise<never>(() => {});

describe("every stream ends in exactly one outcome", () => {
  test("complete: with counts and times, and without an error", async () => {
    const { onClose, outcomes } = watchOutcome();
    await new StreamingHttpResponse(["ab", "€"], { onClose }).text();
    assert.equal(outcomes.length, 1);
    const { type, bytes, chunks, firstChunk, duration } = outcomes[0]!;
    assert.deepEqual([type, bytes, chunks], ["complete", 5, 2]);
    assert.ok(firstChunk !== undefined && firstChunk >= 0 && firstChunk <= duration);
    assert.ok(!("error" in outcomes[0]!));
  });

  test("failed: with what the source threw, which the reader gets after all chunks before it", async () => {
    const thrown = new Error("the database left");
    const { onClose, outcomes } = watchOutcome();
    const source = async function* () {
      yield "row 1\n";
      yield "row 2\n";
      throw thrown;
    };
    const { text, error } = await readToEnd(new StreamingHttpResponse(source, { onClose }));
    assert.equal(text, "row 1\nrow 2\n");
    assert.equal(error, thrown);
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["failed"],
    );
    assert.deepEqual([outcomes[0]!.error, outcomes[0]!.bytes], [thrown, 12]);
  });

  test("failed: also before the first chunk, and with something that is no Error", async () => {
    for (const thrown of ["a string", null, 0]) {
      const { onClose, outcomes } = watchOutcome();
      const source = () => {
        throw thrown;
      };
      const { error } = await readToEnd(new StreamingHttpResponse(source, { onClose }));
      assert.equal(error, thrown);
      assert.deepEqual(
        outcomes.map((outcome) => outcome.type),
        ["failed"],
      );
      assert.equal(outcomes[0]!.firstChunk, undefined);
    }
  });

  test("cancelled: with the reader's reason as the cause", async () => {
    const { onClose, outcomes } = watchOutcome();
    const source = async function* () {
      yield "row 1\n";
      await never;
    };
    const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
    await reader.read();
    const reason = new Error("seen enough");
    await reader.cancel(reason);
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["cancelled"],
    );
    const { error, bytes, chunks } = outcomes[0]!;
    assert.ok(error instanceof MillraceError);
    assert.deepEqual([error.code, error.name, error.cause], ["CLIENT_LEFT", "AbortError", reason]);
    assert.deepEqual([bytes, chunks], [6, 1]);
  });

  test("timed-out: with the limit that passed, which the reader gets", async () => {
    const { onClose, outcomes } = watchOutcome();
    const source = async function* () {
      yield "row 1\n";
      await never;
    };
    const response = new StreamingHttpResponse(source, { onClose, limits: { idle: 30 } });
    const { text, error } = await awake(readToEnd(response));
    assert.equal(text, "row 1\n");
    assert.ok(error instanceof MillraceError);
    assert.deepEqual([error.code, error.name], ["LIMIT_IDLE", "TimeoutError"]);
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.type, outcome.error]),
      [["timed-out", error]],
    );
  });

  test("nothing that comes after the end changes it", async () => {
    const { onClose, outcomes } = watchOutcome();
    const response = new StreamingHttpResponse(["a"], {
      onClose,
      limits: { firstChunk: 5, idle: 5, total: 5, stalled: 5 },
    });
    const reader = readerOf(response);
    while (!(await reader.read()).done);
    await reader.cancel("too late");
    await settle();
    await settle();
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["complete"],
    );
  });

  test("a failure stays a failure when the reader leaves before it was told", async () => {
    // On a busy machine a slice may end between the row and the failure; then the reader left before there was one.
    for (let attempt = 0; attempt < 20; attempt++) {
      const { onClose, outcomes } = watchOutcome();
      let failed = false;
      const source = function* () {
        yield "row\n";
        failed = true;
        throw new Error("cut");
      };
      const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
      assert.equal(await readText(reader), "row\n");
      const [hadFailed, early] = [failed, outcomes.length];
      await reader.cancel();
      if (!hadFailed) continue;
      assert.deepEqual([early, outcomes[0]?.type, outcomes.length], [0, "failed", 1]);
      return;
    }
    assert.fail("the source never failed before the reader left");
  });
});

describe("a response that is never read", () => {
  const sources: [name: string, make: (closed: () => void) => Source][] = [
    [
      "an iterator",
      (closed) => {
        const self: IterableIterator<string> = {
          next: () => ({ done: false, value: "row" }),
          return: () => (closed(), { done: true, value: undefined }),
          [Symbol.iterator]: () => self,
        };
        return self;
      },
    ],
    [
      "an async iterator",
      (closed) => {
        const self: AsyncIterableIterator<string> = {
          next: async () => ({ done: false, value: "row" }),
          return: async () => (closed(), { done: true, value: undefined }),
          [Symbol.asyncIterator]: () => self,
        };
        return self;
      },
    ],
    ["a ReadableStream", (closed) => new ReadableStream({ cancel: closed })],
    [
      "a promise of a ReadableStream",
      (closed) => Promise.resolve(new ReadableStream({ cancel: closed })),
    ],
  ];
  for (const [name, make] of sources) {
    test(`closes ${name} when it is cancelled`, async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const { onClose, outcomes } = watchOutcome();
      await new StreamingHttpResponse(make(resolve), { onClose }).body?.cancel();
      await promise;
      const [outcome] = outcomes;
      assert.deepEqual(
        [outcomes.length, outcome?.type, outcome?.bytes, outcome?.chunks, outcome?.duration],
        [1, "cancelled", 0, 0, 0],
      );
    });
  }

  test("never calls a function, and closes a generator that was made without running it", async () => {
    const log: string[] = [];
    function* rows(): Generator<string> {
      log.push("ran");
      yield "row";
    }
    const made = rows();
    await new StreamingHttpResponse(rows).body?.cancel();
    await new StreamingHttpResponse(made).body?.cancel();
    await settle();
    assert.deepEqual(log, []);
    assert.deepEqual(made.next(), { done: true, value: undefined });
  });

  test("keeps the mistakes of its source's clean-up to itself", async () => {
    const broken = {
      [Symbol.iterator]: () => ({ next: () => ({ done: true, value: undefined }) }),
      return() {
        throw new Error("clean-up failed");
      },
    };
    const { onClose, outcomes } = watchOutcome();
    await new StreamingHttpResponse(broken as Iterable<string>, { onClose }).body?.cancel();
    await settle();
    assert.equal(outcomes.length, 1);
  });
});

describe("onClose", () => {
  const mistakes: [name: string, onClose: () => unknown][] = [
    [
      "throws",
      () => {
        throw new Error("no log");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no log"))],
    [
      "throws what has no text",
      () => {
        throw Object.create(null);
      },
    ],
  ];
  for (const [name, onClose] of mistakes) {
    test(`that ${name} is a warning and changes nothing`, async (t) => {
      const warnings = captureWarnings(t);
      const response = new StreamingHttpResponse(["a"], { onClose: onClose as () => void });
      assert.equal(await response.text(), "a");
      const unread = new StreamingHttpResponse(["a"], { onClose: onClose as () => void });
      await unread.body?.cancel();
      await settle();
      assert.deepEqual(
        warnings.map(({ code }) => code),
        ["ON_CLOSE_THREW", "ON_CLOSE_THREW"],
      );
      assert.match(warnings[0]!.message, /not affected/);
    });
  }

  test("is called when the generator's `finally` has run and the last chunk was taken", async () => {
    const log: string[] = [];
    const source = function* () {
      try {
        yield "a";
      } finally {
        log.push("finally");
      }
    };
    const onClose = () => void log.push("onClose");
    const reader = readerOf(new StreamingHttpResponse(source, { onClose }));
    assert.equal(await readText(reader), "a");
    log.push("read");
    assert.equal(await readText(reader), undefined);
    assert.deepEqual(
      log.filter((entry) => entry !== "read"),
      ["finally", "onClose"],
    );
  });
});
