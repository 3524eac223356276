import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { constants, inflateRawSync } from "node:zlib";

import { xlsx, xlsxChunks, type ExportOutcome } from "millrace/export";

import { get, RawClient } from "../node/support/raw-client.ts";
import { serving } from "../node/support/serving.ts";
import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { within } from "../support/within.ts";
import { collect, openArchive, textOf } from "./support/archive.ts";

const MIB = 2 ** 20;

function row(id: number): { id: number; uuid: string; at: Date } {
  return { id, uuid: crypto.randomUUID(), at: new Date(id * 1_000) };
}

async function* endless(): AsyncGenerator<ReturnType<typeof row>> {
  for (let id = 0; ; id++) yield row(id);
}

test("a workbook arrives whole, with its name, type and proof", async (t) => {
  const { promise: closed, resolve } = Promise.withResolvers<ExportOutcome>();
  const server = await serving(t, () =>
    xlsx(
      function* () {
        for (let id = 0; id < 1_000; id++) yield row(id);
      },
      { filename: "orders.xlsx", onClose: resolve },
    ),
  );
  const response = await fetch(server.url);
  assert.equal(
    response.headers.get("content-type"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  );
  const disposition = response.headers.get("content-disposition") ?? "";
  assert.match(disposition, /^attachment; filename="?orders\.xlsx"?$/);
  const { byteLength } = await response.arrayBuffer();
  const { type, rows, bytes } = await closed;
  assert.deepEqual({ type, rows, bytes }, { type: "complete", rows: 1_000, bytes: byteLength });
});

test("rows that fail at once are a plain 500", async (t) => {
  const server = await serving(t, () =>
    xlsx(
      // oxlint-disable-next-line require-yield -- it fails before
      async function* (): AsyncGenerator<{ id: 1 }> {
        throw new Error("no such table");
      },
      { columns: ["id"] },
    ),
  );
  assert.equal((await fetch(server.url)).status, 500);
});

test("rows that fail later cut the response, which is no workbook", async (t) => {
  for (const synchronous of [true, false]) {
    const server = await serving(t, () =>
      xlsx(
        synchronous
          ? function* () {
              for (let id = 0; id < 20_000; id++) yield row(id);
              throw new Error("connection lost");
            }
          : async function* () {
              for (let id = 0; id < 20_000; id++) yield row(id);
              throw new Error("connection lost");
            },
      ),
    );
    const { code, body } = await curl([server.url]);
    assert.equal(code, 18);
    assert.ok(body.length > 100_000, `${body.length} bytes before the failure`);
    assert.equal(body.indexOf("PK\x01\x02"), -1);
  }
});

test("a client that leaves ends the rows at once, also while they wait", async (t) => {
  for (const waits of [false, true]) {
    let ended = false;
    const server = await serving(t, () =>
      xlsx(async function* ({ signal }) {
        try {
          const many = waits ? 10 : Infinity;
          for (let id = 0; id < many; id++) yield row(id);
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          });
        } finally {
          ended = true;
        }
      }),
    );
    using client = await RawClient.open(server.port);
    client.write(get("/"));
    await once(client.socket, "data");
    client.socket.resetAndDestroy();
    await eventually(() => ended, { timeout: 1_000, what: "the end of the rows" });
  }
});

test("leaving the chunks ends the rows, whatever they do", async () => {
  for (const reads of [0, 1, 5]) {
    let ended = 0;
    const rows = (async function* () {
      try {
        yield* endless();
      } finally {
        ended += 1;
      }
    })();
    const iterator = xlsxChunks(rows)[Symbol.asyncIterator]();
    for (let read = 0; read < reads; read++) await iterator.next();
    await iterator.return?.();
    assert.equal(ended, reads > 0 ? 1 : 0); // one that has not begun has nothing to end
    assert.equal((await rows.next()).done, true);
    assert.equal((await iterator.next()).done, true);
  }
});

test("a reader that takes nothing holds the rows back", async () => {
  let pulled = 0;
  const rows = async function* () {
    for (; ; pulled++) yield row(pulled);
  };
  const iterator = xlsxChunks(rows())[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  // Until it has come to rest: no event says that nothing more happens.
  while (before !== pulled) {
    before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  assert.ok(pulled < 5_000, `${pulled} rows were read ahead`);
  await iterator.return?.();
});

test("the head leaves before rows that are slow to begin", async () => {
  const rows = (async function* () {
    yield await new Promise<{ id: number }>(() => {});
  })();
  const iterator = xlsxChunks(rows, { columns: ["id"] })[Symbol.asyncIterator]();
  const { value } = await within(iterator.next(), "the head", 5_000);
  assert.equal(Buffer.from(value as Uint8Array).toString("latin1", 0, 4), "PK\x03\x04");
  void iterator.return?.();
});

test("a row leaves while the next one is awaited", async () => {
  const { promise: proceed, resolve } = Promise.withResolvers<void>();
  const rows = async function* () {
    yield { id: 41 };
    await proceed;
    yield { id: 42 };
  };
  const name = "xl/worksheets/sheet1.xml";
  let archive = Buffer.alloc(0);
  const sheet = () => {
    const begin = archive.indexOf(name) + name.length;
    const data = archive.subarray(begin + archive.readUInt16LE(begin - name.length - 2));
    return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
  };
  const iterator = xlsxChunks(rows())[Symbol.asyncIterator]();
  while (!archive.includes(name) || !sheet().includes("<v>41</v></c></row>")) {
    const { value } = await within(iterator.next(), "the row");
    archive = Buffer.concat([archive, value as Uint8Array]); // it is not over yet
  }
  resolve();
  while (true) {
    const step = await within(iterator.next(), "the rest");
    if (step.done === true) break;
    archive = Buffer.concat([archive, step.value]);
  }
  assert.match(sheet(), /<v>42<\/v><\/c><\/row><\/sheetData>/);
});

test("memory is the same after a million rows as after a tenth of them", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void; // the flag has just made it
  const held = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const batch = Array.from({ length: 1_000 }, (_, id) => row(id));
  const rows = function* () {
    for (let count = 0; count < 1_000; count++) yield batch;
  };
  let count = 0;
  let early = 0;
  let most = 0;
  for await (const _ of xlsxChunks(rows(), { rowsPerSheet: 300_000 })) {
    count += 1;
    if (count % 100 !== 0) continue;
    if (count === 100) early = held();
    else most = Math.max(most, held());
  }
  assert.ok(count > 500, `${count} chunks`);
  const more = most - early;
  assert.ok(more < 4 * MIB, `${(more / MIB).toFixed(1)} MiB more`);
});

test(
  "a workbook of a million rows in four sheets is whole",
  { skip: missing("python3") },
  async () => {
    const batch = Array.from({ length: 1_000 }, (_, id) => [id]);
    const rows = function* () {
      for (let count = 0; count < 1_000; count++) yield batch;
    };
    const workbook = await collect(xlsxChunks(rows(), { rowsPerSheet: 300_000 }));
    const sheets = (await openArchive(workbook)).filter(({ name }) => name.includes("/sheet"));
    const counts = sheets.map((sheet) => textOf(sheet).split("<row ").length - 1);
    assert.deepEqual(counts, [300_000, 300_000, 300_000, 100_000]);
  },
);
