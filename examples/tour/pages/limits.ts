import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { showCode } from "../layout/code.ts";
import { frameTop } from "../layout/document.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Tour, Visit } from "../layout/page.ts";
import { run } from "../layout/parts.ts";

export const page: Page = {
  path: "/limits",
  order: 6,
  title: "Limits and heartbeats",
  summary: "A source that falls silent is ended in time; one that may be silent is kept alive.",
  content,
  views: { silent, quiet, proxy },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      Silence has two meanings: something is stuck, or something is being thought about. Only the
      view knows which, so each response has limits of its own, and a heartbeat if it wants one.
    </p>

    <h2>A limit</h2>
    <p>
      This source hangs after its second line. Its <code>idle</code> limit ends it after two
      seconds: the source's signal aborts, the outcome is <em>timed-out</em>, and the reader sees a
      cut response, not a complete one. The other limits are <code>firstChunk</code>,
      <code>total</code>, and <code>stalled</code> for the reader's own silence.
    </p>
    <div class="pair">
      ${showCode(import.meta.url, "silent")}${run({ origin, path: "/limits/silent", title: "Two lines, then silence, then the cut" })}
    </div>

    <h2>A heartbeat</h2>
    <p>
      This source thinks for six seconds, and that is fine. But proxies hang up on a response that
      is silent for too long, most of them after a minute. A heartbeat sends bytes that mean
      nothing: in HTML, an empty comment. Here the proxy between you and the source is an impatient
      one, three seconds; the left stream has no heartbeat, the right one has.
    </p>
    <div class="pair">
      ${run({ origin, path: "/limits/proxy", title: "Without a heartbeat", height: 120 })}${run({ origin, path: "/limits/proxy?heartbeat=1000", title: "With a heartbeat", height: 120 })}
    </div>
    <p>
      A browser says nothing about a cut. The server knows, and in the terminal you can see the
      comments arrive, one per second.
    </p>
    <div class="pair">
      <div>${showCode(import.meta.url, "quiet")}${showCode(import.meta.url, "proxy")}</div>
      ${run({ origin, path: "/live/streams?of=/limits", title: "Streams of this page, as the server sees them", height: 320, curl: false })}
    </div>
    <p>
      A heartbeat is for what stands between; it does not count for the <code>idle</code> limit of
      its own stream. And where a content type has no bytes without a meaning, as in CSV, asking for
      one is an error that says so.
    </p>`;
}

// #region silent
function silent() {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      yield "Looking for the answer…\n";
      await delay(1000, undefined, { signal });
      yield "Nearly there…\n";
      await delay(3_600_000, undefined, { signal });
    },
    {
      contentType: "text/plain; charset=utf-8",
      limits: { idle: 2000 },
    },
  );
}
// #endregion

// #region quiet
function quiet(request: Request) {
  const { searchParams } = new URL(request.url);
  const heartbeat = Number(searchParams.get("heartbeat"));
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      yield frameTop("Thinking");
      yield "<p>Let me think about it.</p>\n";
      await delay(6000, undefined, { signal });
      yield "<p>Forty-two.</p>\n";
    },
    { heartbeat: heartbeat || false },
  );
}
// #endregion

// #region proxy
function proxy(request: Request, tour: Tour) {
  const { search } = new URL(request.url);
  const source = `${tour.url}/limits/quiet${search}`;
  return new StreamingHttpResponse(
    async ({ signal }) => {
      const { body } = await fetch(source, { signal });
      return body ?? [];
    },
    { limits: { idle: 3000 } },
  );
}
// #endregion
