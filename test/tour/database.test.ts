import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test, type TestContext } from "node:test";

import { eventually } from "../support/eventually.ts";
import { startTour } from "./start-tour.ts";

const maker = fileURLToPath(
  new URL("../../examples/tour/data/make-flights-database.ts", import.meta.url),
);

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-database-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "cache"); // which is not there yet either
}

/** Starts a tour and ends it, and returns what it printed and how many rows of its table it can send. */
async function visit(cache: string): Promise<{ printed: string; rows: number }> {
  await using tour = await startTour({ cache });
  const csv = await (await fetch(`${tour.url}/export/flights.csv?rows=272727`)).text();
  return { printed: tour.printed(), rows: csv.split("\r\n").length - 2 };
}

const making = /^Making the database of the tour, once: 10 % 20 %.* 100 % 272,727 rows, \d+ MB, in/;

describe("the database of the tour", { timeout: 120_000 }, () => {
  test("is made at the first start, not at the second, and anew when half of it is missing", async (t) => {
    const cache = emptyFolder(t);
    const first = await visit(cache);
    assert.match(first.printed, making);
    assert.equal(first.rows, 272_727);
    assert.deepEqual(readdirSync(cache), ["flights.sqlite"]);
    const second = await visit(cache);
    assert.doesNotMatch(second.printed, /Making/);
    assert.equal(second.rows, 272_727);
    const file = join(cache, "flights.sqlite");
    truncateSync(file, statSync(file).size / 2);
    const third = await visit(cache);
    assert.match(third.printed, making);
    assert.equal(third.rows, 272_727);
  });

  test("is made anew when whoever made it was killed, and what that left behind goes", async (t) => {
    const cache = emptyFolder(t);
    const killed = spawn(process.execPath, [maker, join(cache, "flights.sqlite")]);
    const exited = once(killed, "exit");
    await eventually(() => existsSync(cache) && readdirSync(cache).length > 0);
    killed.kill("SIGKILL");
    await exited;
    assert.ok(!existsSync(join(cache, "flights.sqlite")));
    const { printed, rows } = await visit(cache);
    assert.match(printed, making);
    assert.equal(rows, 272_727);
    assert.deepEqual(readdirSync(cache), ["flights.sqlite"]);
  });

  test("is made by two tours that start at the same time", async (t) => {
    const cache = emptyFolder(t);
    const visits = await Promise.all([visit(cache), visit(cache)]);
    assert.deepEqual(
      visits.map(({ rows }) => rows),
      [272_727, 272_727],
    );
    assert.deepEqual(readdirSync(cache), ["flights.sqlite"]);
  });
});
