import { setTimeout as wait } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { gaugeBar, gaugeTop, tableBottom, tableRow, tableTop } from "../data/flights-table.ts";
import { readFlights } from "../data/flights.ts";
import { showCode } from "../layout/code.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Visit } from "../layout/page.ts";
import { terminal } from "../layout/parts.ts";

export const page: Page = {
  path: "/data",
  order: 3,
  title: "Two hundred thousand rows",
  summary: "A real data set as a table that grows and as a CSV file, in the memory of one piece.",
  content,
  views: { table, "flights.csv": csv, gauge },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      200,000 departures from American airports, a JSON file of 9.9 MB. It is read in pieces of 64
      KiB, parsed as far as a piece reaches, filtered, and sent. At no moment is the whole of it
      anywhere.
    </p>

    <form class="filter" action="/data/table" target="table">
      <label
        >at least
        <input type="number" name="delay" value="30" min="-100" max="1500" step="5" /> minutes
        late</label
      >
      <label
        >at least
        <input type="number" name="distance" value="0" min="0" max="5000" step="100" /> miles</label
      >
      <span
        ><button>Show as a table</button>
        <button formaction="/data/flights.csv" formtarget="_self">Download as CSV</button></span
      >
    </form>
    <figure class="run">
      <figcaption><code>/data/table</code></figcaption>
      <iframe
        name="table"
        title="The table that grows"
        src="/data/table?delay=30"
        height="420"
      ></iframe>
    </figure>
    <p>
      Above and below the table is the memory of this process, heap and buffers: before it began,
      the most there was, and now. The bars are the same, twice a second, up to 100 MB. Ask for
      <em>-100</em> minutes to get every row, and let the browser sweat.
    </p>
    <figure class="run">
      <figcaption>
        <code>/data/gauge</code><a href="/data/gauge" target="gauge">run it again</a>
      </figcaption>
      <iframe
        name="gauge"
        title="Memory of the process, as bars"
        src="/data/gauge"
        height="128"
      ></iframe>
    </figure>

    <h2>The view</h2>
    <p>
      A slow reader needs no more: while your browser is busy with the table, the generator waits,
      and with it the file.
    </p>
    ${showCode(import.meta.url, "csv")}
    ${showCode(new URL("../data/flights.ts", import.meta.url).href, "flights")}

    <h2>As large as you like</h2>
    <p>
      Does it still fit when the file is a hundred times as long? <code>times</code> reads it again
      and again: 20 million rows in the same memory, up and down with the garbage collector. Watch
      the bars, and stop it with Ctrl-C when you believe it.
    </p>
    ${terminal(`curl '${origin}/data/flights.csv?times=100' -o /dev/null`)}
    <p>The table is the same generator with other text around it.</p>
    ${showCode(import.meta.url, "table")}`;
}

// #region csv
function csv(request: Request) {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      yield "delay,distance,time\n";
      for await (const { delay, distance, time } of selectFlights(request, signal)) {
        yield `${delay},${distance},${time}\n`;
      }
    },
    {
      contentType: "text/csv; charset=utf-8",
      headers: { "content-disposition": 'attachment; filename="flights.csv"' },
    },
  );
}

async function* selectFlights(request: Request, signal: AbortSignal) {
  const query = new URL(request.url).searchParams;
  const delay = Number(query.get("delay") ?? -Infinity);
  const distance = Number(query.get("distance") ?? 0);
  for (let times = Number(query.get("times") ?? 1); times > 0; times--) {
    for await (const flight of readFlights(signal)) {
      if (flight.delay >= delay && flight.distance >= distance) yield flight;
    }
  }
}
// #endregion

// #region table
function table(request: Request) {
  return new StreamingHttpResponse(async function* ({ signal }) {
    const before = memory();
    let most = before;
    let rows = 0;
    yield tableTop(before);
    for await (const flight of selectFlights(request, signal)) {
      if (++rows % 1000 === 0) most = Math.max(most, memory());
      yield tableRow(rows, flight);
    }
    yield tableBottom(rows, most, memory());
  });
}

/** Megabytes of heap and buffers in use. */
function memory() {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}
// #endregion

// #region gauge
/** A bar each half second, for two minutes. */
function gauge() {
  return new StreamingHttpResponse(async function* ({ signal }) {
    yield gaugeTop();
    for (let i = 0; i < 240; i++) {
      yield gaugeBar(memory());
      await wait(500, undefined, { signal });
    }
  });
}
// #endregion
