import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { describe, test } from "node:test";
import { buffer } from "node:stream/consumers";

import { parquet, parquetChunks, type ExportOutcome } from "millrace/export";

import { RawClient, get } from "../node/support/raw-client.ts";
import { serving } from "../node/support/serving.ts";
import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { readParquet } from "./support/parquet.ts";

function* numbers(count: number) {
  for (let id = 0; id < count; id++) yield { id, name: `name ${id % 100}`, half: id / 2 };
}

/** A promise of how an export ends, and the function that is told. */
function ending() {
  const { promise, resolve } = Promise.withResolvers<ExportOutcome>();
  return { closed: within(promise, "the end of the export"), onClose: resolve };
}

interface Text {
  readonly text: string;
}

/** One row, and then a wait that listens to nothing. */
function openParked(onReturn: () => void): AsyncIterable<Text> {
  let pulls = 0;
  const iterator: AsyncIterator<Text> = {
    next: () =>
      pulls++ === 0 ? Promise.resolve({ done: false, value: { text: "" } }) : new Promise(() => {}),
    return() {
      onReturn();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function* openEndless(onReturn: () => void): Generator<Text> {
  try {
    while (true) yield { text: crypto.randomUUID() };
  } finally {
    onReturn();
  }
}

async function* openEndlessLater(onReturn: () => void): AsyncGenerator<Text> {
  yield* openEndless(onReturn);
}

describe("served over a socket", () => {
  test("an export arrives whole, with its name, type and proof", async (t) => {
    const { closed, onClose } = ending();
    const server = await serving(t, () =>
      parquet(() => numbers(60_000), { filename: "zażółć.parquet", onClose }),
    );
    const [response] = await once(request(server.url).end(), "response");
    const { headers } = response;
    const body = await buffer(response);
    assert.equal(headers["content-type"], "application/vnd.apache.parquet");
    assert.match(headers["content-disposition"], /^attachment; filename=.*\.parquet/);
    const { rows, metadata } = await readParquet(body);
    assert.equal(rows.length, 60_000);
    assert.deepEqual(rows.at(-1), { id: 59_999n, name: "name 99", half: 29_999.5 });
    assert.equal(metadata.row_groups.length, 3);
    const sha256 = createHash("sha256").update(body).digest("hex");
    const outcome = await closed;
    assert.deepEqual(
      { type: outcome.type, rows: outcome.rows, bytes: outcome.bytes, sha256: outcome.sha256 },
      { type: "complete", rows: 60_000, bytes: body.byteLength, sha256 },
    );
    assert.equal(response.trailers["x-row-count"], "60000");
    const digest = Buffer.from(sha256, "hex").toString("base64");
    assert.equal(response.trailers["content-digest"], `sha-256=:${digest}:`);
  });

  test("rows that fail at once, or with the first row, are a plain 500", async (t) => {
    const failures = [
      // oxlint-disable-next-line require-yield -- it fails before
      async function* () {
        throw new Error("no such table");
      },
      () => Promise.reject(new Error("no such table")),
      () => [["a cell without a name"]],
    ];
    for (const rows of failures) {
      const server = await serving(t, () => parquet(rows as () => object[])); // what they yield does not matter
      assert.equal((await fetch(server.url)).status, 500);
    }
  });

  test("rows that fail later cut the response, which has no footer", async (t) => {
    const failures = {
      "the rows": async function* () {
        yield* numbers(2_500);
        throw new Error("connection lost");
      },
      "a cell": function* () {
        yield* numbers(2_500);
        yield { id: "x", name: "y", half: 1 };
        assert.fail("the rows were asked for more");
      },
    };
    for (const [name, rows] of Object.entries(failures)) {
      const { closed, onClose } = ending();
      const server = await serving(t, () =>
        parquet<object>(rows, { rowGroupRows: 1_000, onClose }),
      );
      const { code, body } = await curl([server.url]);
      assert.equal(code, 18, name);
      assert.ok(body.byteLength > 1_000, `${body.byteLength} bytes of two row groups`);
      await assert.rejects(readParquet(body));
      const { type, rows: written, sha256 } = await closed;
      assert.deepEqual(
        { type, written, sha256 },
        { type: "failed", written: 2_000, sha256: undefined },
      );
    }
  });

  test("the head and the first four bytes leave with the first row, an hour before the second", async (t) => {
    let left = false;
    const server = await serving(t, () =>
      parquet(async function* ({ signal }) {
        yield { id: 1 };
        await once(signal, "abort");
        left = true;
      }),
    );
    using client = await RawClient.open(server.port);
    client.write(get("/"));
    await client.until("PAR1");
    client.socket.resetAndDestroy();
    await eventually(() => left, { what: "the abort of the rows" });
  });

  test("a client that leaves closes the rows at once, wherever they are", async (t) => {
    for (const open of [openParked, openEndless, openEndlessLater]) {
      for (const promised of [false, true]) {
        let isClosed = false;
        const rows = open(() => (isClosed = true));
        const { closed, onClose } = ending();
        const server = await serving(t, () =>
          parquet(() => (promised ? Promise.resolve(rows) : rows), { rowGroupRows: 500, onClose }),
        );
        using client = await RawClient.open(server.port);
        client.write(get("/"));
        await client.until("PAR1");
        client.socket.resetAndDestroy();
        await eventually(() => isClosed, { timeout: 2_000, what: "the end of the rows" });
        assert.equal((await closed).type, "cancelled");
      }
    }
  });

  test("a reader that takes nothing holds the rows back", async (t) => {
    let pulled = 0;
    const server = await serving(t, () =>
      parquet(function* () {
        for (; ; pulled++) yield { text: crypto.randomUUID() };
      }),
    );
    using client = await RawClient.open(server.port);
    client.socket.pause();
    client.write(get("/"));
    await eventually(() => server.streams[0]?.state === "waiting for the reader", {
      timeout: 15_000,
    });
    const before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 200)); // no event says that nothing more happens
    assert.equal(pulled, before);
  });
});

describe("read as chunks", () => {
  test("a loop that is left closes the rows, once", async () => {
    for (const leaveAfter of [1, 2, 3, 4]) {
      let closed = 0;
      let id = 0;
      const iterator = {
        next: () => Promise.resolve({ done: false as const, value: { id: id++, text: "x" } }),
        return() {
          closed += 1;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
      let seen = 0;
      const rows = { [Symbol.asyncIterator]: () => iterator };
      for await (const _ of parquetChunks(rows, { rowGroupRows: 5 })) {
        if (++seen === leaveAfter) break;
      }
      assert.equal(closed, 1);
      const before = id;
      await new Promise(setImmediate);
      assert.equal(id, before);
    }
  });

  test("rows that end by themselves are not closed", async () => {
    let closed = 0;
    const iterator = {
      next: () => ({ done: true as const, value: undefined }),
      return() {
        closed += 1;
        return { done: true as const, value: undefined };
      },
    };
    const chunks = parquetChunks({ [Symbol.iterator]: () => iterator })[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.return?.();
    assert.equal(closed, 0);
  });

  test("nothing starts before the first read, and an array can be read twice", async () => {
    let started = 0;
    const rows = {
      *[Symbol.iterator]() {
        started += 1;
        yield { id: 1 };
      },
    };
    const chunks = parquetChunks(rows);
    assert.equal(started, 0);
    for (let time = 1; time <= 2; time++) {
      for await (const _ of chunks);
      assert.equal(started, time);
    }
  });
});
