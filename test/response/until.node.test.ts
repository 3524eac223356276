import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

// In a process of its own, which alone can collect its garbage and knows how much is left.
const program = `
  import { until } from "millrace";
  async function* rows() { for (let row = 0; row < 300_000; row++) yield row; }
  const heap = () => (gc(), process.memoryUsage().heapUsed);
  const { signal } = new AbortController();
  let before = 0;
  for await (const row of until(rows(), signal)) {
    if (row === 100_000) before = heap();
    if (row === 299_999) console.log(heap() - before);
  }
`;

test("a long stream leaves nothing behind on its signal for each step", async () => {
  const node = [
    "--conditions=millrace-source",
    "--expose-gc",
    "--input-type=module",
    "-e",
    program,
  ];
  const cwd = import.meta.dirname;
  const { stdout } = await promisify(execFile)(process.execPath, node, { cwd, timeout: 20_000 });
  const perStep = Number(stdout) / 200_000;
  assert.ok(perStep < 8, `${perStep} bytes for each step`); // a promise reaction would be about 80
});
