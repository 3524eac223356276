import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { showCode, showSnippet } from "../layout/code.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Visit } from "../layout/page.ts";
import { run } from "../layout/parts.ts";

export const page: Page = {
  path: "/async",
  order: 2,
  title: "An asynchronous generator",
  summary: "A second between chunks, and a source that knows when its reader has gone.",
  content,
  views: { chunks, counter },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      The usual source of a stream waits for something: a database, another service, a model that
      thinks. An asynchronous generator says so with <code>await</code>, and the process is free for
      everybody else meanwhile.
    </p>

    <div class="pair">
      ${showCode(import.meta.url, "chunks")}${run({ origin, path: "/async/chunks", title: "Three chunks, a second apart" })}
    </div>
    <p>
      The frame is the raw response, as it comes. Nothing starts before somebody reads: the view
      returns a value that describes a stream.
    </p>

    <h2>When the reader leaves</h2>
    <p>
      The source is called with a <code>signal</code>. Pass it on to whatever the source waits for.
      When the reader closes the tab, follows a link or presses Ctrl-C, the wait ends,
      <code>finally</code> runs, and the stream's outcome is <em>cancelled</em>. Run it, leave, and
      look at what the server has seen.
    </p>
    <div class="pair">
      <div>${showCode(import.meta.url, "counter")}</div>
      <div>
        ${run({ origin, path: "/async/counter", title: "A line each second, until you leave", height: 110, starts: false, leaves: true })}${run({ origin, path: "/live/streams?of=/async", title: "Streams of this page, as the server sees them", height: 190, curl: false })}
      </div>
    </div>

    <h2>A source that does not listen</h2>
    <p>
      Not everything takes a signal. <code>until</code> races such a source against it: the stream
      ends at once, and the source is told to return and left to finish in its own time.
    </p>
    ${showSnippet(`for await (const row of until(rows, signal)) yield format(row);`)}`;
}

// #region chunks
function chunks() {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      for (let i = 0; i < 3; i++) {
        await delay(1000, undefined, { signal });
        yield `Chunk: ${i}\n`;
      }
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
// #endregion

// #region counter
function counter() {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      try {
        for (let i = 0; ; i++) {
          yield `Still here: ${i}\n`;
          await delay(1000, undefined, { signal });
        }
      } finally {
        console.log("Nobody reads any more.");
      }
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
// #endregion
