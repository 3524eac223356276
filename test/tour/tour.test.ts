import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { arrivalsOf } from "./arrivals.ts";
import { spawnTour, startTour, type RunningTour } from "./start-tour.ts";

let tour: RunningTour;
before(async () => {
  tour = await startTour();
});
after(() => tour[Symbol.asyncDispose]());

/** Paths of the pages, as the list of pages has them. */
async function pagePaths(): Promise<string[]> {
  const list = /<nav.*?<\/nav>/s.exec(await getText("/nothing"))?.[0] ?? "";
  return [...list.matchAll(/href="([^"]+)"/g)].map(([, path]) => path ?? "");
}

async function getText(path: string, init?: RequestInit): Promise<string> {
  return (await fetch(tour.url + path, init)).text();
}

function arrivals(path: string, init?: RequestInit): AsyncGenerator<string> {
  return arrivalsOf(tour.url + path, init);
}

async function arrivesByChunks(path: string): Promise<void> {
  const seen = new Set<number>();
  for await (const text of arrivals(path)) seen.add(text.match(/Chunk: \d/g)?.length ?? 0);
  assert.ok(seen.has(1) || seen.has(2), "something was there before the last chunk");
  assert.ok(seen.has(3), "all three came");
}

describe("the tour", { concurrency: true, timeout: 60_000 }, () => {
  test("every file in pages/ is a page, complete, and without JavaScript", async () => {
    const folder = new URL("../../examples/tour/pages/", import.meta.url);
    const paths = await pagePaths();
    assert.equal(paths.length, readdirSync(folder).length);
    await Promise.all(
      paths.map(async (path) => {
        const response = await fetch(tour.url + path);
        const text = await response.text();
        assert.equal(response.status, 200);
        assert.match(text, /<\/html>\s*$/);
        assert.match(text, /<figure class="code">/);
        assert.doesNotMatch(text, /<script|javascript:|\son\w+=/i);
        assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
        for (const [, address = ""] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
          assert.match(address, /^\//, `${path} refers to ${address}`);
          const { status } = await fetch(tour.url + address.replaceAll("&#38;", "&"), {
            method: "HEAD",
          });
          assert.ok(status < 400, `${path} refers to ${address}, which answers ${status}`);
        }
      }),
    );
  });

  test("the stylesheet and an unknown address are answered as such", async () => {
    const page = await getText("/");
    const path = /href="(\/style\.css[^"]*)"/.exec(page)?.[1] ?? "";
    const css = await fetch(tour.url + path);
    assert.equal(css.headers.get("content-type"), "text/css; charset=utf-8");
    assert.match(await css.text(), /prefers-color-scheme: dark/);
    assert.equal((await fetch(`${tour.url}/nothing`)).status, 404);
  });

  test("the lines for curl name the host that the visitor asked", async () => {
    const { text } = await curl(["-H", "Host: tour.example:81", `${tour.url}/async`]);
    assert.match(text, /curl -N http:\/\/tour\.example:81\/async\/chunks/);
  });

  for (const path of ["/", "/async/chunks"]) {
    test(`${path} arrives chunk by chunk`, () => arrivesByChunks(path));
  }
  test("a million rows of a synchronous generator arrive", async () => {
    const text = await getText("/sync/rows?count=1000000");
    assert.match(text, /\nRow: 1000000\n$/);
  });

  test("the CSV has the rows of the file, and the filter leaves those that were asked for", async () => {
    const file = import.meta
      .resolve("vega-datasets")
      .replace(/build\/.*$/, "data/flights-200k.json");
    const flights = JSON.parse(readFileSync(new URL(file), "utf8")) as {
      delay: number;
      distance: number;
      time: number;
    }[];
    const toCsv = (rows: typeof flights) =>
      [
        "delay,distance,time",
        ...rows.map((row) => `${row.delay},${row.distance},${row.time}`),
        "",
      ].join("\n");
    assert.ok((await getText("/data/flights.csv")) === toCsv(flights), "all rows, in order");
    const late = flights.filter(({ delay, distance }) => delay >= 300 && distance >= 500);
    assert.equal(await getText("/data/flights.csv?delay=300&distance=500"), toCsv(late));
    const table = await getText("/data/table?delay=300&distance=500");
    assert.equal(table.match(/<tr><td>/g)?.length, late.length);
    assert.match(table, /Memory before: [\d.]+ MB.*Memory at most: [\d.]+ MB, now: [\d.]+ MB/s);
  });

  test("an error in the middle leaves the rows before it and a cut response", async () => {
    const { code, text } = await curl([`${tour.url}/error/middle`]);
    assert.equal(code, 18);
    assert.equal(text, "Row 1\nRow 2\nRow 3\n");
  });

  test("an error before the first chunk is a page with status 500 that keeps the error's text", async () => {
    const response = await fetch(`${tour.url}/error/before`);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /orders/);
    const line = "GET /error/before: Error: no such table: orders\n";
    await eventually(() => tour.printed().includes(line), { what: "the line in the terminal" });
  });

  test("the page about errors tells what fetch sees of both", async () => {
    const text = await getText("/error/seen");
    assert.match(text, /status 500\n {2}Internal Server Error\n {2}\(complete\)/);
    assert.match(text, /status 200\n.*Row 3\n {2}\(not complete: TypeError: terminated\)/s);
  });

  test("a source that is silent past its limit is cut after what it sent", async () => {
    const { code, text } = await curl([`${tour.url}/limits/silent`]);
    assert.equal(code, 18);
    assert.equal(text, "Looking for the answer…\nNearly there…\n");
  });

  test("a heartbeat brings a quiet stream through an impatient proxy", async () => {
    const [without, withHeartbeat] = await Promise.all([
      curl([`${tour.url}/limits/proxy`]),
      curl([`${tour.url}/limits/proxy?heartbeat=500`]),
    ]);
    assert.equal(without.code, 18);
    assert.doesNotMatch(without.text, /Forty-two/);
    assert.equal(withHeartbeat.code, 0);
    assert.match(withHeartbeat.text, /<!-- -->.*<p>Forty-two\.<\/p>/);
  });

  test("leaving ends the source", async () => {
    const leaving = new AbortController();
    for await (const text of arrivals("/async/counter", { signal: leaving.signal })) {
      assert.match(text, /^Still here: 0\n/);
      break; // cancels the body, and with it the connection
    }
    leaving.abort();
    await eventually(() => tour.printed().includes("Nobody reads any more.\n"));
  });

  test("the list shows a stream while it is open, and how it ended", async () => {
    const leaving = new AbortController();
    const held = await fetch(`${tour.url}/live/ticks`, { signal: leaving.signal });
    const asBrowser = { headers: { accept: "text/html" } };
    for await (const text of arrivals("/live/streams?of=/live/ticks", asBrowser)) {
      const open = /<code>GET \/live\/ticks<\/code> <em class="waiting-for-the-source">/;
      if (!leaving.signal.aborted && open.test(text)) leaving.abort();
      if (/<em class="cancelled">/.test(text)) break;
    }
    assert.equal(held.status, 200);
  });

  test("in a terminal the list is plain text", async () => {
    for await (const text of arrivals("/live/streams")) {
      assert.match(text, /^\d+ open\n/);
      if (text.includes("GET /live/streams ")) break;
    }
  });

  test("the tour reads itself slowly when asked to, and the server waits for it", async () => {
    const answer = await getText("/live/reader", { method: "POST" });
    assert.match(answer, /reads for 20 seconds/);
    for await (const text of arrivals("/live/streams?of=/live/endless")) {
      if (/GET \/live\/endless +waiting for the reader/.test(text)) break;
    }
  });

  test("a port in use is one line and exit code 1", async () => {
    const second = spawnTour(new URL(tour.url).port);
    let printed = "";
    second.stdout?.on("data", (text: string) => (printed += text));
    second.stderr?.on("data", (text: string) => (printed += text));
    const [code] = (await once(second, "close")) as [number | null];
    assert.equal(code, 1);
    assert.match(printed, /^Port \d+ is in use.*\n$/);
  });
});

// By itself: for three seconds nothing else is answered.
test("/sync/blocking arrives chunk by chunk", () => arrivesByChunks("/sync/blocking"));
