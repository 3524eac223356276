import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { showCode } from "../layout/code.ts";
import { frameNote } from "../layout/document.ts";
import { html, type Html } from "../layout/html.ts";
import { listFormatFor } from "../layout/live-list.ts";
import type { Page, Tour, Visit } from "../layout/page.ts";
import { run, terminal } from "../layout/parts.ts";

export const page: Page = {
  path: "/live",
  order: 5,
  title: "Slow readers, and readers who leave",
  summary: "Hold a stream open and watch the server wait for you, live.",
  content,
  views: { streams, endless, ticks, reader },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      A server should know what it streams, and to whom. This is its list, renewed once a second:
      start something and watch it appear, wait, and go.
    </p>

    <div class="pair watch">
      <div class="steps">
        <h2>Read slowly</h2>
        <p>
          An endless stream, as fast as you take it. Take it slowly, and the generator waits for
          you. (Its bytes move in jumps: your system keeps a few megabytes under way.)
        </p>
        ${terminal(`curl -N --limit-rate 1M ${origin}/live/endless`)}
        <form action="/live/reader" method="post" target="live-reader">
          <button>Or let the tour read itself, slowly</button>
          <iframe name="live-reader" title="Answer" src="/idle" height="40"></iframe>
        </form>

        <h2>Leave</h2>
        <p>A line each second. End it with Ctrl-C, or with the link: the source ends with you.</p>
        ${run({ origin, path: "/live/ticks", title: "A line each second", height: 110, starts: false, leaves: true })}

        <h2>Stop reading</h2>
        <p>
          So slowly that nothing moves for two minutes: then the <code>stalled</code> limit ends it,
          <em>timed-out</em>.
        </p>
        ${terminal(`curl -N --limit-rate 1k ${origin}/live/endless`)}
      </div>

      <div class="sticky">
        ${run({ origin, path: "/live/streams", title: "The open streams of this server", height: 478 })}
      </div>
    </div>

    <h2>The list</h2>
    <p>
      It is a stream like the others, so it is on the list itself. Each update is a new
      <code>&lt;section&gt;</code>, and one line of CSS,
      <code>.update:has(+ .update) { display: none }</code>, hides the one before it. No JavaScript.
    </p>
    ${showCode(import.meta.url, "streams")}
    <h2>The streams</h2>
    <div class="pair">
      ${showCode(import.meta.url, "endless")}${showCode(import.meta.url, "reader")}
    </div>`;
}

// #region streams
function streams(request: Request, tour: Tour) {
  const { pathname, search, searchParams } = new URL(request.url);
  const isAsked = ({ url }: { url: string }) => url.startsWith(searchParams.get("of") ?? "/");
  const list = listFormatFor(request);
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      yield list.top();
      for (let seconds = 300; seconds > 0; seconds--) {
        yield list.update(tour.streams.filter(isAsked), tour.ended.filter(isAsked).slice(0, 8));
        await delay(1000, undefined, { signal });
      }
      yield list.bottom(pathname + search);
    },
    { headers: list.headers, limits: { total: 330_000 } },
  );
}
// #endregion

// #region endless
function endless() {
  return new StreamingHttpResponse(
    function* () {
      for (let i = 1; ; i++) yield `Line ${i}\n`;
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}

function ticks() {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      for (let i = 1; ; i++) {
        yield `Second ${i}\n`;
        await delay(1000, undefined, { signal });
      }
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
// #endregion

/** Readers that the tour has of its own, for visitors without a terminal. */
let readers = 0;
const mostReaders = 4;

async function reader(request: Request, tour: Tour): Promise<Response> {
  if (request.method !== "POST") return Response.redirect(new URL("/live", request.url), 303);
  if (readers >= mostReaders) return frameNote("Enough", `${mostReaders} readers are enough.`);
  readers += 1;
  void readSlowly(`${tour.url}/live/endless`).finally(() => (readers -= 1));
  return frameNote("Reading", "It reads for 20 seconds, then it leaves.");
}

// #region reader
async function readSlowly(url: string) {
  const signal = AbortSignal.timeout(20_000);
  try {
    const { body } = await fetch(url, { signal });
    for await (const bytes of body ?? []) {
      await delay(bytes.length / 3000); // 3 MB a second
    }
  } catch {
    // it has left
  }
}
// #endregion
