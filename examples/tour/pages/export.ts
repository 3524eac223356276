import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import { compress } from "millrace/compress";
import {
  csv,
  csvChunks,
  jsonArray,
  ndjson,
  parquet,
  sqliteRows,
  xlsx,
  zip,
  type DatabaseRow,
  type ExportOptions,
} from "millrace/export";

import { flightCount, flightsPath } from "../data/flights-database.ts";
import { serverMemory } from "../data/server-memory.ts";
import { endedExports, runningExports, watchExport } from "../data/watched-exports.ts";
import { showCode } from "../layout/code.ts";
import { exportListFor } from "../layout/export-list.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Tour, View, Visit } from "../layout/page.ts";
import { run, terminal } from "../layout/parts.ts";

/** What each file is for. */
const purposes: readonly (readonly [name: string, title: string, purpose: string])[] = [
  ["flights.csv", "CSV", "for programs and databases (RFC 4180)"],
  ["flights-excel.csv", "CSV for Excel", "with the mark of UTF-8; no cell runs as a formula"],
  ["flights.ndjson", "NDJSON", "an object in each line"],
  ["flights.json", "JSON", "one array of objects"],
  ["flights.xlsx", "XLSX", "a workbook, with a new sheet after each million rows"],
  ["flights.parquet", "Parquet", "columns, for analysis"],
  ["flights.zip", "ZIP", "the CSV and a README"],
];

/** Rows, and what they come to as CSV. */
const sizes: readonly (readonly [rows: number, label: string])[] = [
  [1_000, "1,000 rows"],
  [100_000, "100,000"],
  [1_000_000, "1 million, 91 MB"],
  [10_000_000, "10 million, 0.9 GB"],
  [50_000_000, "50 million, 4.6 GB"],
];

type Format = (
  rows: Iterable<readonly DatabaseRow[]>,
  options: ExportOptions & { columns: readonly string[] },
) => Response;

// #region formats
const formats: Readonly<Record<string, Format>> = {
  "flights.csv": csv,
  "flights-excel.csv": (rows, options) => csv(rows, { ...options, excel: true }),
  "flights.ndjson": ndjson,
  "flights.json": jsonArray,
  "flights.xlsx": xlsx,
  "flights.parquet": parquet,
  "flights.zip": (rows, { columns, ...options }) =>
    zip(
      [
        { name: "README.txt", source: "Departures from American airports, January 2001.\n" },
        { name: "flights.csv", source: () => csvChunks(rows, { columns }) },
      ],
      options,
    ),
};
// #endregion

export const page: Page = {
  path: "/export",
  order: 7,
  title: "Exports of any size",
  summary: "A table of a database in seven formats, up to gigabytes, watched while it leaves.",
  content,
  views: {
    ...Object.fromEntries(
      Object.entries(formats).map(([name, format]) => [name, exportView(name, format)]),
    ),
    progress,
  },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      Departures from American airports: 272,727 rows of a SQLite database, over and over until there
      are as many as you like. Whatever the size and the format, the server never holds more than a small
      part of them.
    </p>

    <div class="pair watch">
      <div class="steps exports">
        <h2>Download</h2>
        <form>
          <fieldset class="choice" aria-label="How many">
            ${sizes.map(
              ([rows, label]) =>
                html`<label
                  ><input
                    type="radio"
                    name="rows"
                    value="${rows}"
                    ${rows === 1_000_000 && html`checked`}
                  /><span>${label}</span></label
                >`,
            )}
          </fieldset>
          <p>
            <label><input type="checkbox" name="compressed" value="on" /> compressed on the way</label>
          </p>
          <ul class="formats">
            ${purposes.map(
              ([name, title, purpose]) =>
                html`<li>
                  <button formaction="/export/${name}">${title}</button>
                  <span><code>${name}</code> ${purpose}</span>
                </li>`,
            )}
            <li>
              <button formaction="/export/flights.json" formtarget="_blank" name="inline" value="on">
                JSON in a tab
              </button>
              <span>to be cancelled: close the tab</span>
            </li>
          </ul>
        </form>

        <h2>In a terminal</h2>
        <p>Saved; compressed on the way; to nowhere, as fast as it goes; slowly. Ctrl-C ends it.</p>
        ${lines(origin)}
      </div>

      <div class="sticky">
        ${run({ origin, path: "/export/progress", title: "The exports of this page", height: 560 })}
      </div>
    </div>

    <h2>The exports</h2>
    <p>
      Each is a <code>StreamingHttpResponse</code>: rows in, a format out, in pieces of 64 KiB. A
      query of its own reads the rows, and only as fast as they leave.
    </p>
    ${showCode(import.meta.url, "formats")} ${showCode(import.meta.url, "view")}

    <h2>The list</h2>
    <p>
      <code>progress</code> tells how far an export is, twice a second, and <code>onClose</code> what
      became of it. The list shows both, and whom each waits for. To compare the SHA-256, pipe curl
      into <code>sha256sum</code>; it is of the file, before it is compressed.
    </p>
    ${showCode(import.meta.url, "progress")}
    ${showCode(new URL("../data/watched-exports.ts", import.meta.url).href, "watch")}`;
}

/** Lines for a terminal; each has every size and shows the one that is chosen. */
function lines(origin: string): Html[] {
  const address = html`${origin}/export/flights.csv?rows=${sizes.map(
    ([rows]) => html`<i class="rows-${rows}">${rows}</i>`,
  )}`;
  return [
    terminal(html`curl -OJ '${address}'`),
    terminal(html`curl -OJ --compressed '${address}&compressed=on'`),
    terminal(html`curl -o /dev/null '${address}'`),
    terminal(html`curl -o /dev/null --limit-rate 5M '${address}'`),
  ];
}

// #region view
const columns = ["id", "departure", "origin", "from", "destination", "to", "miles", "late"];

function exportView(filename: string, format: Format): View {
  return (request) => {
    const { searchParams } = new URL(request.url);
    const count = Number(searchParams.get("rows") ?? 1000);
    if (!Number.isInteger(count) || count < 1 || count > 1e9) {
      return new Response("rows takes 1 to 1000000000.\n", { status: 400 });
    }
    const rows = selectFlights(count);
    const { read, options } = watchExport(request, count);
    const response = format(read(rows), {
      filename,
      inline: searchParams.has("inline"),
      columns,
      ...options,
    });
    return searchParams.has("compressed") ? compress(response, request) : response;
  };
}

/** The table, over and over, each time with new numbers. */
function selectFlights(count: number) {
  const sql = `
    WITH RECURSIVE copies (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM copies)
    SELECT n * ${flightCount} + id, departure, origin, "from", destination, "to", miles, late
    FROM copies CROSS JOIN flights LIMIT ?`;
  return sqliteRows(flightsPath, sql, [count]);
}
// #endregion

// #region progress
function progress(request: Request, tour: Tour) {
  const list = exportListFor(request);
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      yield list.top();
      for (let halves = 600; halves > 0; halves--) {
        const running = runningExports(tour);
        const ended = endedExports(tour).slice(0, 8);
        yield list.update({ memory: serverMemory, running, ended });
        await delay(500, undefined, { signal });
      }
      yield list.bottom("/export/progress");
    },
    { headers: list.headers, limits: { total: 330_000 } },
  );
}
// #endregion
