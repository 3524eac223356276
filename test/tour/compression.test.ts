import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";

import { curl } from "../support/curl.ts";
import { arrivalsOf } from "./arrivals.ts";
import { startTour, type RunningTour } from "./start-tour.ts";

let tour: RunningTour;
before(async () => {
  tour = await startTour();
});
after(() => tour?.[Symbol.asyncDispose]());

const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

/** Departures of a text, without the times at which they were sent. */
function linesOf(text: string): string[] {
  return text.match(/<b>.*(?=<\/li>)/g) ?? [];
}

describe("the page of compression", { concurrency: true, timeout: 60_000 }, () => {
  test("the compressed stream has the lines of the plain one, as they come", async () => {
    const plain: string[] = [];
    const counts = new Set<number>();
    const readPlain = async () => {
      for await (const text of arrivalsOf(`${tour.url}/compression/departures`))
        plain.splice(0, Infinity, ...linesOf(text));
    };
    const readCompressed = async () => {
      let lines: string[] = [];
      for await (const text of arrivalsOf(`${tour.url}/compression/departures?compressed=on`)) {
        lines = linesOf(text);
        counts.add(lines.length);
      }
      return lines;
    };
    const [lines] = await Promise.all([readCompressed(), readPlain()]);
    assert.equal(lines.length, 64);
    assert.ok(counts.size > 8, `they came in ${counts.size} pieces`);
    // Both go by the clock; one may have begun a half second before the other.
    const shared = lines.filter((line) => plain.includes(line));
    assert.ok(shared.length > 48, `${shared.length} of 64 lines are in both`);
  });

  for (const [coding, decode] of Object.entries(decoders)) {
    test(`what ${coding} makes of the stream is a whole one, and shorter`, async () => {
      const url = `${tour.url}/compression/departures?compressed=on`;
      const { code, body } = await curl(["-H", `Accept-Encoding: ${coding}`, url]);
      assert.equal(code, 0);
      const text = decode(body).toString();
      assert.equal(linesOf(text).length, 64);
      assert.ok(body.length < text.length * 0.6, `${body.length} of ${text.length} bytes`);
    });

    test(`the table of arrivals shows both streams, chunk by chunk, with ${coding}`, async () => {
      const seen = new Set<number>();
      let table = "";
      for await (table of arrivalsOf(`${tour.url}/compression/arrivals?coding=${coding}`))
        seen.add(table.match(/<tr>/g)?.length ?? 0);
      assert.ok(seen.size > 8, "row by row");
      const both = /<td>\d+<svg.*?<td>\d+\.\d ms<\/td><td>\d+<svg.*?<td>\d+\.\d ms<\/td>/g;
      const rows = table.match(both)?.length ?? 0;
      assert.ok(rows > 8, `${rows} of 16 chunks`); // on a busy machine some come together
      const [, plain, coded, share] =
        /<th>all<\/th><td>([\d,]+)<\/td><td><\/td><td>([\d,]+)<\/td><td>(\d+) %/.exec(table) ?? [];
      const [more, less] = [plain, coded].map((text) => Number(text?.replace(",", "")));
      assert.equal(share, String(Math.round((less! / more!) * 100)));
      assert.ok(Number(share) < 60);
    });
  }

  test("what is piped through a compressor arrives when it is over", async () => {
    const counts = new Set<number>();
    for await (const text of arrivalsOf(`${tour.url}/compression/held`))
      counts.add(linesOf(text).length);
    counts.delete(0);
    assert.deepEqual([...counts], [64]);
  });
});
