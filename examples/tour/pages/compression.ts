import { StreamingHttpResponse } from "millrace";
import { compress } from "millrace/compress";

import { arrivals, isCoding, now } from "../data/arrivals.ts";
import { departures } from "../data/departures.ts";
import { ArrivalsTable } from "../layout/arrivals-table.ts";
import { boardLine, boardTop } from "../layout/departure-board.ts";
import { showCode, showSnippet } from "../layout/code.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Tour, Visit } from "../layout/page.ts";
import { run, terminal } from "../layout/parts.ts";

export const page: Page = {
  path: "/compression",
  order: 8,
  title: "Compressed, and still live",
  summary: "The same events with and without compression: fewer bytes, at the same time.",
  content,
  views: { departures: board, arrivals: seen, held },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      Compression likes to wait for more; a stream must not. Here are the same departures twice,
      four each half second. Whatever the source has yielded when it waits leaves at once,
      compressed or not.
    </p>

    <div class="pair">
      ${run({ origin, path: "/compression/departures", title: "Departures, as they are", height: 300, curl: false })}${run({ origin, path: "/compression/departures?compressed=on", title: "Departures, compressed", height: 300, curl: false })}
    </div>
    <p>The same in a terminal, decoded, and as it is on the wire:</p>
    ${terminal(`curl -N --compressed '${origin}/compression/departures?compressed=on'`)}
    ${terminal(`curl -N -H 'Accept-Encoding: gzip' '${origin}/compression/departures?compressed=on' | hexdump -C`)}
    ${run({ origin, path: "/live/streams?of=/compression/departures", title: "Both streams, as the server counts their bytes", height: 230, curl: false })}

    <h2>The view</h2>
    <p>
      <code>compress</code> takes the best coding that the request accepts, and flushes it when the
      source waits: never for each row, and never late.
    </p>
    ${showCode(import.meta.url, "departures")}
    <p>Or once for all responses of an app:</p>
    ${showSnippet("export default withCompression({ fetch: () => new StreamingHttpResponse(rows) });")}

    <h2>On the wire</h2>
    <p>
      Here the tour reads both streams at the same time, as the bytes come over the wire. Each line
      says when it was sent, so each chunk tells how long it took.
    </p>
    <form class="filter" action="/compression/arrivals" target="compression-arrivals">
      <span
        >${["gzip", "br", "zstd"].map(
          (coding) => html`<button name="coding" value="${coding}">Compare with ${coding}</button>`,
        )}</span
      >
    </form>
    ${run({ origin, path: "/compression/arrivals", title: "Bytes and times of each chunk", height: 680, starts: false, curl: false })}
    ${showCode(import.meta.url, "arrivals")}
    ${showCode(new URL("../data/arrivals.ts", import.meta.url).href, "arrivals")}

    <h2>The classic mistake</h2>
    <p>
      A stream piped through a compressor arrives, too: when it is over. The compressor keeps what it
      has until there is more, and nobody tells it that the source waits.
    </p>
    <div class="pair">
      ${showCode(import.meta.url, "held")}${run({ origin, path: "/compression/held", title: "Departures that arrive together", height: 200, starts: false, curl: `curl -N --compressed ${origin}/compression/held` })}
    </div>`;
}

// #region departures
function board(request: Request) {
  const response = new StreamingHttpResponse(async function* ({ signal }) {
    yield boardTop();
    for await (const batch of departures(16, signal)) {
      for (const departure of batch) yield boardLine(departure, now());
    }
  });
  const { searchParams } = new URL(request.url);
  return searchParams.has("compressed") ? compress(response, request) : response;
}
// #endregion

// #region arrivals
function seen(request: Request, tour: Tour) {
  const asked = new URL(request.url).searchParams.get("coding") ?? "";
  const coding = isCoding(asked) ? asked : "gzip";
  const url = `${tour.url}/compression/departures`;
  return new StreamingHttpResponse(async function* ({ signal }) {
    const plain = arrivals(url, "identity", signal);
    const coded = arrivals(`${url}?compressed=on`, coding, signal);
    const table = new ArrivalsTable();
    yield table.top(coding);
    while (true) {
      const [one, other] = await Promise.all([plain.next(), coded.next()]);
      if (one.done && other.done) break;
      yield table.row(one.value, other.value);
    }
    yield table.bottom();
  });
}
// #endregion

// #region held
function held(request: Request) {
  const { body, headers } = board(request);
  const compressed = body?.pipeThrough(new CompressionStream("gzip")) ?? null;
  return new Response(compressed, {
    headers: { ...Object.fromEntries(headers), "content-encoding": "gzip" },
  });
}
// #endregion
