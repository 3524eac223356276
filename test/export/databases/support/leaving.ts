import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test, type TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { csv, type EncodedStream, type ExportOutcome } from "millrace/export";

import { get, RawClient } from "../../../node/support/raw-client.ts";
import { serving } from "../../../node/support/serving.ts";
import { curl } from "../../../support/curl.ts";
import { eventually } from "../../../support/eventually.ts";
import { within } from "../../../support/within.ts";
import { newTag, type Road, type RoadClient } from "./road.ts";

/** What holds on every road from a database when the client leaves, the query fails or the server ends. */
export function testRoads(roads: readonly Road[], skip: string | false): void {
  for (const road of roads) describe(road.name, { skip }, () => testRoad(road));
}

function testRoad(road: Road): void {
  const { database } = road;

  test("a client that leaves a slow query before its first row ends it on the server", async (t) => {
    await using client = await road.open();
    const tag = newTag();
    const before = await client.connection();
    const { socket, outcome } = await request(t, client, database.slow(tag));
    await isRunning(road, tag);
    socket.destroy();
    await isGone(road, tag);
    assert.equal((await outcome).type, "cancelled");
    assert.equal(await worksAtOnce(client), before, "another connection took its place");
  });

  test("a client that leaves in the middle of the rows ends the query", async (t) => {
    await using client = await road.open();
    const tag = newTag();
    const before = await client.connection();
    const { raw, outcome } = await request(t, client, database.endless(tag));
    await raw.until("\n3000,");
    raw.socket.destroy();
    await isGone(road, tag);
    assert.equal((await outcome).type, "cancelled");
    assert.equal(await worksAtOnce(client), before, "another connection took its place");
  });

  test("a client that reads nothing stops the server, and its leaving ends the query", async (t) => {
    await using client = await road.open();
    const tag = newTag();
    const before = await client.connection();
    const { raw, outcome } = await request(t, client, database.endless(tag));
    await raw.until("\n3000,");
    raw.socket.pause();
    const held = memory();
    await eventually(() => isHeld(road, tag), { what: "the stall" });
    const grown = memory() - held;
    assert.ok(grown < 20e6, `the rows pile up: ${grown} bytes`);
    raw.socket.destroy();
    await isGone(road, tag);
    assert.equal((await outcome).type, "cancelled");
    assert.equal(await worksAtOnce(client), before, "another connection took its place");
  });

  test("a client that leaves while its query waits for a connection leaves the pool as it was", async (t) => {
    await using client = await road.open();
    if (client.takeConnection === undefined) return;
    const before = await client.connection();
    const release = await client.takeConnection();
    const tag = newTag();
    const { socket, outcome, asked } = await request(t, client, database.slow(tag));
    await asked;
    socket.destroy();
    assert.equal((await outcome).type, "cancelled");
    release();
    assert.equal(await worksAtOnce(client), before);
    assert.equal(await database.running(tag), 0);
  });

  test("a reader that has stopped before the last row, and leaves after it, leaves the connection as it was", async () => {
    await using client = await road.open();
    const before = await client.connection();
    const tag = newTag();
    const source = client.source(database.ending(tag));
    const rows: AsyncIterator<unknown> = source[Symbol.asyncIterator]();
    await rows.next();
    await eventually(async () => (await database.running(tag)) === 0, { what: "the last row" });
    await rows.return?.();
    assert.equal(await worksAtOnce(client), before);
  });

  test("an error in the middle comes after the rows before it, and is seen", async (t) => {
    await using client = await road.open();
    const { promise, resolve } = Promise.withResolvers<ExportOutcome>();
    const source = client.source(database.failing(newTag()));
    const server = await serving(t, () => csv(source as EncodedStream, { onClose: resolve }));
    const { code, text } = await curl([server.url]);
    assert.equal(code, 18);
    const lines = text.trimEnd().split("\n");
    assert.match(lines.at(-1) ?? "", /^4999,1\r?$/);
    const { type, error, rows } = await promise;
    assert.equal(type, "failed");
    assert.equal(rows, 4_999);
    assert.match(String(error), /division by zero|more than 1 row/);
    await worksAtOnce(client);
  });

  test("a statement that is wrong is an error before the first byte", async (t) => {
    await using client = await road.open();
    const source = client.source("SELECT nonsense FROM nowhere");
    const server = await serving(t, () => csv(source as EncodedStream));
    const { text } = await curl([server.url, "-o", "/dev/null", "-w", "%{http_code}"]);
    assert.equal(text, "500");
    await worksAtOnce(client);
  });

  test("a connection that the server ends is an error, not an end", async (t) => {
    await using client = await road.open();
    for (const query of ["slow", "endless"] as const) {
      const tag = newTag();
      const { raw, outcome } = await request(t, client, database[query](tag));
      await isRunning(road, tag);
      if (query === "endless") await raw.until("\n3000,");
      await database.terminate(tag);
      assert.equal((await within(outcome, "the end of the stream")).type, "failed");
      assert.ok(!raw.text.endsWith("0\r\n\r\n"), "it looked complete");
      if (!client.reconnects) return;
      // One query may meet what is left of the old connection.
      await eventually(() => client.connection().catch(() => undefined), { what: "a new one" });
    }
  });

  test("200 leaves leave nothing behind", async () => {
    await using client = await road.open();
    await leaveSomehow(road, client, 10);
    const before = await state(client);
    await leaveSomehow(road, client, 200);
    const after = await eventually(async () => {
      const now = await state(client);
      return now.descriptors <= before.descriptors ? now : undefined;
    });
    assert.deepEqual(after, { ...before, descriptors: after.descriptors });
  });
}

/** Bytes that are in use, and not garbage. */
function memory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A request for the rows of a query, and how its response ends. */
async function request(t: TestContext, client: RoadClient, sql: string) {
  const outcome = Promise.withResolvers<ExportOutcome>();
  const asked = Promise.withResolvers<void>();
  const server = await serving(t, () => {
    asked.resolve();
    return csv(client.source(sql) as EncodedStream, { onClose: outcome.resolve });
  });
  const raw = await RawClient.open(server.port);
  t.after(() => raw.socket.destroy());
  raw.write(get("/"));
  return { raw, socket: raw.socket, outcome: outcome.promise, asked: asked.promise };
}

const isRunning = (road: Road, tag: string) =>
  eventually(async () => (await road.database.running(tag)) === 1, { what: "the query" });

const isGone = (road: Road, tag: string) =>
  eventually(async () => (await road.database.running(tag)) === 0, {
    what: "the end of the query",
    timeout: 5_000,
  });

/** Whether nothing moves any more: the server is held back, also a moment later. */
async function isHeld(road: Road, tag: string): Promise<boolean> {
  for (let look = 0; look < 5; look++) {
    if (!(await road.database.held(tag))) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

function worksAtOnce(client: RoadClient): Promise<number> {
  return within(client.connection(), "an answer to the next query", 5_000);
}

async function state(client: RoadClient) {
  const connection = await client.connection();
  const listeners = await client.listeners();
  return { connection, listeners, descriptors: readdirSync("/proc/self/fd").length };
}

/** Leaves at once, while the server is silent, and after the first rows, by turns. */
async function leaveSomehow(road: Road, client: RoadClient, times: number): Promise<void> {
  const { slow, endless } = road.database;
  for (let index = 0; index < times; index++) {
    const sql = index % 3 === 1 ? slow(newTag()) : endless(newTag());
    const rows: AsyncIterator<unknown> = client.source(sql)[Symbol.asyncIterator]();
    const first = rows.next();
    if (index % 3 === 1) await new Promise((resolve) => setTimeout(resolve, index % 7));
    if (index % 3 === 2) await first;
    await within(Promise.resolve(rows.return?.()), "the end of return()");
    assert.equal((await within(first, "the parked next()")).done, index % 3 !== 2);
  }
}
