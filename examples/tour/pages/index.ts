import { setTimeout as delay } from "node:timers/promises";

import { showCode } from "../layout/code.ts";
import { html, raw, type Html } from "../layout/html.ts";
import type { Page, Visit } from "../layout/page.ts";
import { terminal } from "../layout/parts.ts";

export const page: Page = {
  path: "/",
  order: 0,
  title: "Answer before you are done",
  summary: "What a streaming response is, and why.",
  content,
};

async function* content({ tour, origin, request }: Visit): AsyncGenerator<Html> {
  const others = tour.pages.filter(({ path }) => path !== "/");
  yield html`<p class="lead">
      Most responses are finished before they leave. A streaming response leaves while it is being
      made: its first line is with the reader before its last one is known. An export of any size
      takes the memory of one row, a page shows what is ready, and nobody looks at a blank screen.
    </p>

    ${picture}
    <section class="wide">
      <h2>Five minutes</h2>
      <p>
        Each page is a few lines of code, the stream that they make, running in front of you, and a
        line for your terminal. Nothing here needs JavaScript in the browser, and there is none.
      </p>
      <ol class="cards">
        ${others.map(
          ({ path, order, title, summary }) =>
            html`<li>
              <a href="${path}"><small>${order}</small><b>${title}</b><span>${summary}</span></a>
            </li>`,
        )}
      </ol>
    </section>

    <section class="why">
      <h2>Why a library</h2>
      <p>
        Writing to a socket is easy. The rest is what this library is for. A view returns a value, a
        web-standard <code>Response</code> that describes a stream, and every stream ends in exactly
        one outcome.
      </p>
      <dl>
        <div>
          <dt>A reader is slow</dt>
          <dd>The source waits for it, and memory stays where it is.</dd>
        </div>
        <div>
          <dt>A reader leaves</dt>
          <dd>
            The generator ends at once, and its <code>finally</code> runs: <em>cancelled</em>.
          </dd>
        </div>
        <div>
          <dt>Something breaks after <code>200 OK</code></dt>
          <dd>
            The response is cut, so that nobody takes half of it for the whole: <em>failed</em>.
          </dd>
        </div>
        <div>
          <dt>Nothing happens for too long</dt>
          <dd>
            A limit ends it: <em>timed-out</em>. Or a heartbeat keeps it alive, if silence is fine.
          </dd>
        </div>
        <div>
          <dt>All went well</dt>
          <dd><em>complete</em>, the only one of the four that looks complete.</dd>
        </div>
      </dl>
      <p>Try it in a terminal, too:</p>
      ${terminal(`curl -N ${origin}/async/chunks`)}
    </section>

    <section class="arriving">
      <h2>You are looking at one</h2>
      <p>
        This page is a generator. The lines on its card are the last that leave, one per second,
        while you read.
      </p>
      <div class="pair">
        ${showCode(import.meta.url, "arriving")}
        <figure class="run">
          <figcaption><code>/</code><span>this page</span></figcaption>
          <ol class="lines">
     `;
  yield* arriving(request);
  yield html`<li class="end">That was all. The page is complete.</li>
</ol>
</figure>
</div>
</section>
`;
}

// #region arriving
async function* arriving({ signal }: { signal: AbortSignal }) {
  for (let i = 0; i < 3; i++) {
    await delay(1000, undefined, { signal });
    yield html`<li>Chunk: ${i}</li>`;
  }
}
// #endregion

/** The same work twice: sent when it is done, and sent as it is done. */
const picture = raw(`<figure class="picture">
<svg viewBox="0 0 720 172" role="img" aria-label="The same work twice. Sent when it is done, the reader waits for all of it. Sent as it is done, the reader has the first part at once.">
<text x="0" y="22">Whole</text>
${parts((x) => `<rect class="work" x="${x}" y="6" width="86" height="22" rx="5"/>`)}
<text class="small" x="0" y="54">the reader</text>
<path class="wait" d="M114 50H648"/>
<rect class="sent" x="654" y="41" width="66" height="18" rx="5"/>
<text class="small" x="381" y="72" text-anchor="middle">waits for everything</text>
<text x="0" y="116">Streamed</text>
${parts((x) => `<rect class="work" x="${x}" y="100" width="86" height="22" rx="5"/>`)}
<text class="small" x="0" y="148">the reader</text>
<path class="wait" d="M114 144H194"/>
${parts((x) => `<rect class="sent" x="${x + 90}" y="135" width="11" height="18" rx="4"/>`)}
<text class="small" x="154" y="166" text-anchor="middle">waits for this</text>
</svg>
</figure>
`);

/** Six parts of the work, side by side. */
function parts(draw: (x: number) => string): string {
  return [0, 1, 2, 3, 4, 5].map((part) => draw(112 + part * 90)).join("");
}
