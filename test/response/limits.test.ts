import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  MillraceError,
  StreamingHttpResponse,
  type SourceContext,
  type StreamingHttpResponseInit,
} from "millrace";

import { readerOf, readText, readToEnd } from "./support/read.ts";
import { awake, pause, settle, watchOutcome } from "./support/watch.ts";

/** Longer than every limit here, and over as soon as one passes. */
const forever = ({ signal }: SourceContext) => pause(60_000, signal);

async function* quiet(context: SourceContext): AsyncGenerator<string> {
  yield "row\n";
  await forever(context);
}

/** Reads to the end; what came, how it ended for the reader, and the outcome. */
async function run(
  source: ConstructorParameters<typeof StreamingHttpResponse>[0],
  limits: StreamingHttpResponseInit["limits"],
  init: StreamingHttpResponseInit = {},
) {
  const { onClose, outcomes } = watchOutcome();
  const response = new StreamingHttpResponse(source, { ...init, limits, onClose });
  const { text, error } = await awake(readToEnd(response));
  assert.equal(outcomes.length, 1);
  const code = error instanceof MillraceError ? error.code : undefined;
  return { text, error, code, outcome: outcomes[0]! };
}

describe("firstChunk", () => {
  test("ends a stream whose source yields nothing in time, and aborts its signal with the same error", async () => {
    let signal: AbortSignal | undefined;
    const source = async function* (context: SourceContext) {
      signal = context.signal;
      await forever(context);
      yield "row\n";
    };
    const { text, error, code, outcome } = await run(source, { firstChunk: 40 });
    assert.deepEqual([text, code, outcome.type], ["", "LIMIT_FIRST_CHUNK", "timed-out"]);
    assert.equal((error as Error).name, "TimeoutError");
    assert.match((error as Error).message, /40 ms/);
    assert.equal(signal?.reason, error);
  });

  test("counts the time that a source needs to open", async () => {
    const { code } = await run((context) => forever(context).then(() => []), { firstChunk: 40 });
    assert.equal(code, "LIMIT_FIRST_CHUNK");
  });

  test("is over with the first chunk", async () => {
    const source = async function* () {
      yield "row 1\n";
      await pause(300);
      yield "row 2\n";
    };
    const { text, outcome } = await run(source, { firstChunk: 150 });
    assert.deepEqual([text, outcome.type], ["row 1\nrow 2\n", "complete"]);
  });

  test("is not met by heartbeats", async () => {
    const source = async function* (context: SourceContext) {
      await forever(context);
      yield "";
    };
    const { text, code } = await run(source, { firstChunk: 150 }, { heartbeat: 10 });
    assert.match(text, /^(<!-- -->)+$/);
    assert.equal(code, "LIMIT_FIRST_CHUNK");
  });
});

describe("idle", () => {
  test("ends a stream whose source falls silent, after everything it had yielded", async () => {
    const { text, code, outcome } = await run(quiet, { idle: 40 });
    assert.deepEqual([text, code, outcome.type], ["row\n", "LIMIT_IDLE", "timed-out"]);
  });

  test("is met by every chunk, also an empty one", async () => {
    const source = async function* () {
      for (let row = 0; row < 8; row++) {
        yield row % 2 === 0 ? "row\n" : "";
        await pause(50);
      }
    };
    const { text, outcome } = await run(source, { idle: 300 });
    assert.deepEqual([text, outcome.type], ["row\n".repeat(4), "complete"]);
  });

  test("is not met by heartbeats", async () => {
    const { text, code } = await run(quiet, { idle: 150 }, { heartbeat: 10 });
    assert.match(text, /^row\n(<!-- -->)+$/);
    assert.equal(code, "LIMIT_IDLE");
  });

  test("does not count the pauses of the reader", async () => {
    const { onClose, closed } = watchOutcome();
    const source = async function* () {
      for (let row = 0; row < 3; row++) yield "x".repeat(100_000);
    };
    const limits = { idle: 200 };
    const reader = readerOf(new StreamingHttpResponse(source, { limits, onClose }));
    let length = 0;
    for (let text = await readText(reader); text !== undefined; text = await readText(reader)) {
      length += text.length;
      if (length < 200_000) await pause(450);
    }
    assert.equal(length, 300_000);
    assert.equal((await closed).type, "complete");
  });

  test("counts on from the moment at which the reader wants more", async () => {
    const limits = { idle: 150 };
    const reader = readerOf(new StreamingHttpResponse(quiet, { limits }));
    assert.equal(await readText(reader), "row\n");
    await pause(400);
    const asked = performance.now();
    await awake(assert.rejects(reader.read(), { code: "LIMIT_IDLE" }));
    assert.ok(performance.now() - asked > 120, "the source had its whole time");
  });

  test("does not blame a source that yields all the time and keeps the process busy", async () => {
    const source = function* () {
      for (let row = 0; row < 200; row++) yield "quick\n"; // the source is trusted with longer slices now
      for (let row = 0; row < 40; row++) {
        const end = performance.now() + 20;
        while (performance.now() < end);
        yield "row\n";
      }
    };
    const { text, outcome } = await run(source, { idle: 300 });
    assert.equal(outcome.type, "complete");
    assert.ok(text.endsWith("row\n".repeat(40)));
  });
});

describe("total", () => {
  test("ends a stream that takes too long although it is busy", async () => {
    let rows = 0;
    const source = async function* () {
      while (true) {
        yield `row ${++rows}\n`;
        await pause(20);
      }
    };
    const { text, code, outcome } = await run(source, { total: 200 });
    assert.deepEqual([code, outcome.type], ["LIMIT_TOTAL", "timed-out"]);
    assert.ok(text.startsWith("row 1\n"));
    assert.ok(outcome.duration >= 190);
  });

  test("ends a synchronous source that never waits", async () => {
    const source = function* () {
      while (true) yield "x".repeat(1_000);
    };
    const { onClose, closed } = watchOutcome();
    const reader = readerOf(new StreamingHttpResponse(source, { limits: { total: 100 }, onClose }));
    await assert.rejects(
      async () => {
        while (!(await reader.read()).done);
      },
      { code: "LIMIT_TOTAL" },
    );
    assert.equal((await closed).type, "timed-out");
  });

  test("ends a stream whose reader has stopped", async () => {
    const { onClose, closed } = watchOutcome();
    const source = ["x".repeat(200_000)];
    const reader = readerOf(new StreamingHttpResponse(source, { limits: { total: 60 }, onClose }));
    await reader.read();
    assert.equal((await awake(closed)).type, "timed-out");
    await assert.rejects(reader.read(), { code: "LIMIT_TOTAL" });
  });
});

describe("stalled", () => {
  test("ends a stream whose reader takes nothing, and closes its source", async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    const { onClose, closed } = watchOutcome();
    const source = async function* () {
      try {
        while (true) yield "x".repeat(100_000);
      } finally {
        end("closed");
      }
    };
    const reader = readerOf(
      new StreamingHttpResponse(source, { limits: { stalled: 60 }, onClose }),
    );
    await reader.read();
    const outcome = await awake(closed);
    assert.deepEqual(
      [outcome.type, (outcome.error as MillraceError).code],
      ["timed-out", "LIMIT_STALLED"],
    );
    assert.equal(await ended, "closed");
    await assert.rejects(reader.read(), { code: "LIMIT_STALLED" });
  });

  test("does not fire on a quiet stream whose reader waits", async () => {
    const source = async function* () {
      yield "row 1\n";
      await pause(400);
      yield "row 2\n";
    };
    const { text, outcome } = await run(source, { stalled: 60 });
    assert.deepEqual([text, outcome.type], ["row 1\nrow 2\n", "complete"]);
  });

  test("does not fire on a reader that is slow and takes something now and then", async () => {
    const { onClose, closed } = watchOutcome();
    const source = function* () {
      for (let row = 0; row < 8; row++) yield "x".repeat(64 * 1024);
    };
    const limits = { stalled: 400 };
    const reader = readerOf(new StreamingHttpResponse(source, { limits, onClose }));
    while (!(await reader.read()).done) await pause(100);
    assert.equal((await closed).type, "complete");
  });
});

describe("limits in general", () => {
  test("false and undefined switch a limit off", async () => {
    const source = async function* () {
      await pause(60);
      yield "row\n";
      await pause(60);
    };
    const limits = { firstChunk: false, idle: false, total: undefined, stalled: false } as const;
    const { outcome } = await run(source, limits);
    assert.equal(outcome.type, "complete");
  });

  test("without limits a stream is never ended", async () => {
    const { outcomes, onClose } = watchOutcome();
    const reader = readerOf(new StreamingHttpResponse(quiet, { onClose }));
    await reader.read();
    await pause(200);
    assert.deepEqual(outcomes, []);
    await reader.cancel();
  });

  for (const value of [0, -1, NaN, Infinity, 2 ** 31, "5", null]) {
    test(`${JSON.stringify(value) ?? value} (${typeof value}, ${value}) is no limit`, () => {
      for (const name of ["firstChunk", "idle", "total", "stalled"]) {
        const limits = { [name]: value } as StreamingHttpResponseInit["limits"];
        assert.throws(() => new StreamingHttpResponse([], { limits }), {
          code: "OPTION_INVALID",
          message: new RegExp(`^limits\\.${name} is .*milliseconds.*false`),
        });
      }
    });
  }

  test("a misspelt limit is an error that lists the limits there are", () => {
    const limits = { idel: 5 } as StreamingHttpResponseInit["limits"];
    assert.throws(() => new StreamingHttpResponse([], { limits }), {
      code: "OPTION_UNKNOWN",
      message: /"idel".*firstChunk, idle, total, stalled/,
    });
  });

  test("nothing of a stream that has ended keeps a timer", async () => {
    const limits = { firstChunk: 50, idle: 50, total: 50, stalled: 50 };
    const { onClose, outcomes } = watchOutcome();
    await new StreamingHttpResponse(["a"], { limits, onClose, heartbeat: 20 }).text();
    await pause(150);
    await settle();
    assert.equal(outcomes.length, 1);
  });
});
