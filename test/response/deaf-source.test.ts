import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamingHttpResponse, type Source } from "millrace";

import { readerOf } from "./support/read.ts";
import { awake, captureWarnings, pause, settle } from "./support/watch.ts";

const never = new Promise<never>(() => {});

// A file of its own: these warnings come seconds after their stream.
test("a source that has not finished 5 s after its reader left is named in one warning", async (t) => {
  const warnings = captureWarnings(t);
  const leave = async (source: Source) => {
    const reader = readerOf(new StreamingHttpResponse(source));
    void reader.read();
    void reader.read(); // so that the source is asked for more
    await settle();
    await reader.cancel();
  };
  await leave(async function* parked() {
    yield "row\n";
    await never;
  });
  await leave(() => never);
  await leave(async function* finishes() {
    yield "row\n";
    await pause(500);
  });
  await leave(async function* listens({ signal }) {
    yield "row\n";
    await pause(60_000, signal);
  });
  const left = performance.now();
  await awake(
    (async () => {
      while (warnings.length < 2 && performance.now() - left < 15_000) await pause(50);
      assert.ok(performance.now() - left > 4_500);
      await pause(200);
    })(),
  );
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ["SOURCE_DEAF", "SOURCE_DEAF"],
  );
  for (const { message } of warnings) {
    assert.match(message, /of a stream \(\d+\.\d s old\).*\{ signal \}.*until\(/);
  }
});
