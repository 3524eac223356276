import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

import { parse } from "csv-parse/sync";
import { parquetReadObjects } from "hyparquet";

import { curl } from "../support/curl.ts";
import { missing } from "../support/required.ts";
import { arrivalsOf } from "./arrivals.ts";
import { startTour, type RunningTour } from "./start-tour.ts";

const testArchive = "import sys, zipfile; assert zipfile.ZipFile(sys.argv[1]).testzip() is None";

let tour: RunningTour;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-exports-"));
  tour = await startTour();
});
after(async () => {
  await tour?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Saves an export as a user would, under the name that the server gives it. */
async function download(name: string, query = "rows=1000"): Promise<string> {
  const into = mkdtempSync(join(folder, "download-"));
  const url = `${tour.url}/export/${name}?${query}`;
  const { code, stderr } = await curl(["-OJ", "--output-dir", into, url]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(into), [name]);
  return join(into, name);
}

/** The first state of the list of exports that `check` accepts. */
async function listed(check: RegExp, accept = "*/*"): Promise<string> {
  const url = `${tour.url}/export/progress`;
  for await (const text of arrivalsOf(url, { headers: { accept } })) {
    const state = text.slice(text.search(/(?:<section|memory )(?!.*(?:<section|memory ))/s));
    if (check.test(state)) return state;
  }
  throw new Error("the list is over");
}

describe("the page of exports", { concurrency: true, timeout: 60_000 }, () => {
  test("CSV has as many rows as were asked for, and numbers them on where the table begins again", async () => {
    const records = parse(readFileSync(await download("flights.csv", "rows=280000")));
    assert.equal(records.length, 280_001);
    assert.equal(records[0]?.join(), "id,departure,origin,from,destination,to,miles,late");
    assert.ok(records.slice(1).every(([id], index) => id === String(index + 1)));
    assert.deepEqual(records[272_728]?.slice(1), records[1]?.slice(1));
  });

  test("CSV for Excel begins with a byte order mark", async () => {
    const text = readFileSync(await download("flights-excel.csv"), "utf8");
    assert.ok(text.startsWith("\u{FEFF}id,"));
    assert.equal(text.match(/\r\n/g)?.length, 1001);
  });

  test("NDJSON, JSON and Parquet have the same rows", async () => {
    const lines = readFileSync(await download("flights.ndjson"), "utf8")
      .trimEnd()
      .split("\n");
    const rows: unknown[] = lines.map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(JSON.parse(readFileSync(await download("flights.json"), "utf8")), rows);
    const file = new Uint8Array(readFileSync(await download("flights.parquet"))).buffer;
    const compressors = { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) };
    const columns = await parquetReadObjects({ file, compressors });
    const toNumber = (_key: string, value: unknown) =>
      typeof value === "bigint" ? Number(value) : value;
    assert.deepEqual(JSON.parse(JSON.stringify(columns, toNumber)), rows);
    assert.equal(rows.length, 1000);
  });

  for (const name of ["flights.xlsx", "flights.zip"]) {
    test(`${name} is a whole archive`, { skip: missing("python3") }, async () => {
      execFileSync("python3", ["-c", testArchive, await download(name)], { stdio: "inherit" });
    });
  }

  test("an export is compressed when that is asked for, and is the same", async () => {
    const url = `${tour.url}/export/flights.csv?rows=1000`;
    const accepting = ["-H", "Accept-Encoding: gzip"];
    const [plain, alike, coded] = await Promise.all([
      curl([url]),
      curl([...accepting, url]),
      curl([...accepting, `${url}&compressed=on`]),
    ]);
    assert.deepEqual(alike.body, plain.body);
    assert.deepEqual(gunzipSync(coded.body), plain.body);
    assert.ok(coded.body.length < plain.body.length / 2);
  });

  test("a number of rows that makes no sense is refused", async () => {
    for (const rows of ["0", "-1", "1.5", "many", "1e12"]) {
      const { status } = await fetch(`${tour.url}/export/flights.csv?rows=${rows}`);
      assert.equal(status, 400, rows);
    }
  });

  test("the list shows an export that runs, and that it was cancelled", async () => {
    const address = `${tour.url}/export/flights.json?rows=40000000`;
    const reader = spawn("curl", ["-s", "--limit-rate", "1M", address, "-o", "/dev/null"]);
    const running = await listed(/flights\.json, waiting for the reader: [\d,]{4,} of 40,000,000/);
    assert.match(running, /rows, 0 %, [\d,]+ a second, [\d,.]+ [kM]B, [\d,.]+ [kM]B a second/);
    const update = await listed(/<code>flights\.json<\/code> <em class="w/, "text/html");
    assert.match(update, /<progress value="\d+" max="40000000">/);
    assert.match(update, /Server memory: <b>[\d.]+ MB<\/b>/);
    reader.kill();
    await listed(/flights\.json, cancelled: [\d,]+ rows/);
    assert.match(
      await listed(/<em class="cancelled">/, "text/html"),
      /<code>flights\.json<\/code> <em class="cancelled">/,
    );
  });

  test("the list shows what became of an export: rows, time and the SHA-256 of the file", async () => {
    const hash = createHash("sha256").update(
      readFileSync(await download("flights.csv", "rows=4321")),
    );
    const digest = hash.digest("hex");
    const update = await listed(new RegExp(digest), "text/html");
    assert.match(
      update,
      new RegExp(`>complete<[^]*4,321 rows, [\\d,.]+ kB, in \\d+\\.\\d s[^]*${digest}`),
    );
  });

  test("of a compressed export the list tells the bytes of the file and those on the wire", async () => {
    const url = `${tour.url}/export/flights.ndjson?rows=5432&compressed=on`;
    const { body } = await curl(["-H", "Accept-Encoding: gzip", url]);
    const sent = Math.round(body.length / 1000);
    await listed(
      new RegExp(
        `flights\\.ndjson, compressed, complete: 5,432 rows, \\d+ kB, ${sent} kB on the wire`,
      ),
    );
  });

  test("HEAD starts no export and lists none", async () => {
    const { headers } = await fetch(`${tour.url}/export/flights.zip?rows=77`, { method: "HEAD" });
    assert.match(headers.get("content-disposition") ?? "", /^attachment; filename="?flights\.zip/);
    assert.doesNotMatch(await listed(/running/), /of 77 rows|: 0 rows/);
  });
});
