import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { parquetChunks } from "millrace/export";

const MIB = 2 ** 20;

function* numbers(count: number) {
  for (let id = 0; id < count; id++) yield { id, name: `name ${id % 100}`, half: id / 2 };
}

test("of a million rows, one row group is in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void; // the flag has made it
  const held = () => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = held();
  const samples: number[] = [];
  let chunks = 0;
  let bytes = 0;
  for await (const { byteLength } of parquetChunks(numbers(1_000_000))) {
    bytes += byteLength;
    if (chunks++ % 8 === 1) samples.push((held() - before) / MIB);
  }
  assert.ok(bytes > MIB, `${bytes} bytes`);
  const early = Math.max(...samples.slice(0, 5));
  assert.ok(early < 8, `${early} MiB`);
  const late = Math.max(...samples.slice(-5));
  assert.ok(late < early + 2, `${late} MiB after ${early}`);
});
