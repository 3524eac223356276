import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { showCode } from "../layout/code.ts";
import { frameTop } from "../layout/document.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Visit } from "../layout/page.ts";
import { run } from "../layout/parts.ts";

export const page: Page = {
  path: "/sync",
  order: 1,
  title: "A synchronous generator",
  summary: "A million rows while the process stays awake, and the one mistake to avoid.",
  content,
  views: { rows, blocking, beside },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      Anything that can be iterated is a source. A generator makes its chunks one at a time, so a
      million rows need the memory of one.
    </p>

    <div class="pair">
      ${showCode(import.meta.url, "rows")}${run({ origin, path: "/sync/beside?view=/sync/rows", title: "Many rows, and the clock of the process beside them", height: 190, curl: `curl -s '${origin}/sync/rows?count=1000000' | tail -n 1` })}
    </div>
    <p>
      The dots are the clock of this very process, ten ticks a second. They keep their pace: a
      synchronous source is driven for a few milliseconds at a time, then everybody else gets a
      turn, and rows that are ready together leave together.
    </p>

    <h2>The classic mistake</h2>
    <p>
      Three chunks with a second between them: this is how the example is written in languages with
      threads. Node has one thread for all requests, so a source that <em>blocks</em> for a second
      stops every other response, every timer and this clock. No library can interrupt it. Run it,
      and look for the gaps.
    </p>
    <div class="pair">
      ${showCode(import.meta.url, "blocking")}${run({ origin, path: "/sync/beside?view=/sync/blocking", title: "Three chunks, and the clock of the blocked process beside them", height: 190, starts: false, curl: `curl -N ${origin}/sync/blocking` })}
    </div>
    <p>
      The reader gets the chunks one by one all the same. Yet a source that has to wait should wait
      with <code>await</code>: the <a href="/async">next page</a> sends the same three chunks and
      blocks nobody.
    </p>`;
}

// #region rows
function rows(request: Request) {
  const { searchParams } = new URL(request.url);
  const count = Number(searchParams.get("count") ?? 50_000);
  return new StreamingHttpResponse(
    function* () {
      for (let i = 1; i <= count; i++) yield `Row: ${i}\n`;
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
// #endregion

// #region blocking
function blocking() {
  return new StreamingHttpResponse(
    function* () {
      for (let i = 0; i < 3; i++) {
        blockFor(1000); // nothing else runs
        yield `Chunk: ${i}\n`;
      }
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}

function blockFor(ms: number) {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(nothing, 0, 0, ms);
}
// #endregion

/** Ticks of the clock beside a view, in ms. */
const tick = 100;

/** A view in a frame of its own, under the clock of the process: a dot for each tick, a bar for each late one. */
function beside(request: Request): Response {
  const asked = new URL(request.url).searchParams.get("view");
  const path = asked === "/sync/blocking" ? asked : "/sync/rows";
  return new StreamingHttpResponse(async function* ({ signal }) {
    yield frameTop("A view and the clock");
    yield `<iframe class="inner" title="The stream" src="${path}" height="104"></iframe>\n<p class="clock">`;
    let last = performance.now();
    for (let i = 0; i < 60; i++) {
      await delay(tick, undefined, { signal });
      const late = Math.round(performance.now() - last - tick);
      last = performance.now();
      yield late < 5 * tick ? "<i></i>" : `<b>${late} ms late</b>`;
    }
    yield "</p>";
  });
}
