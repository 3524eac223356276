import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { showCode } from "../layout/code.ts";
import { html, type Html } from "../layout/html.ts";
import type { Page, Tour, Visit } from "../layout/page.ts";
import { run, session } from "../layout/parts.ts";

export const page: Page = {
  path: "/error",
  order: 4,
  title: "An error in the middle",
  summary: "What a reader can see when it goes wrong after 200 OK, and when it goes wrong before.",
  content,
  views: { before, middle, seen },
};

function content({ origin }: Visit): Html {
  return html`<p class="lead">
      The status line says <code>200</code>, a thousand rows have left, and then the database goes
      away. What was sent cannot be taken back; what must not happen is that the rest looks as if it
      were the end.
    </p>

    <h2>After the first chunk</h2>
    <div class="pair">
      ${showCode(import.meta.url, "middle")}${run({ origin, path: "/error/middle", title: "Three rows, then an error" })}
    </div>
    <p>
      The rows before the error arrive, and then the response is <em>cut</em>: the connection closes
      before the chunk that would have ended the body. HTTP/2 resets the stream, HTTP/1.0 the
      connection. A browser shows what it has and says nothing; every program can tell:
    </p>
    ${session([
      `$ curl -N ${origin}/error/middle`,
      "Row 1",
      "Row 2",
      "Row 3",
      "curl: (18) transfer closed with outstanding read data remaining",
      "$ echo $?",
      "18",
    ])}

    <h2>Before the first chunk</h2>
    <p>
      The head of a response waits a moment for the first chunk, so a source that fails at once is a
      plain error page with a true status. The error's text stays on the server.
    </p>
    <div class="pair">
      ${showCode(import.meta.url, "before")}${run({ origin, path: "/error/before", title: "An error page", height: 110, curl: `curl -i ${origin}/error/before` })}
    </div>

    <h2>What a program sees</h2>
    <p>
      No terminal at hand? This stream is the tour asking itself with <code>fetch</code>, for both,
      and telling what it gets.
    </p>
    <div class="pair">
      ${showCode(import.meta.url, "seen")}${run({ origin, path: "/error/seen", title: "Both responses, as fetch sees them", height: 290 })}
    </div>`;
}

// #region middle
function middle() {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      for (let i = 1; i <= 3; i++) {
        yield `Row ${i}\n`;
        await delay(700, undefined, { signal });
      }
      throw new Error("the database went away");
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
// #endregion

// #region before
function before() {
  return new StreamingHttpResponse(async function* () {
    yield await query("orders");
  });
}

async function query(table: string): Promise<string> {
  throw new Error(`no such table: ${table}`);
}
// #endregion

// #region seen
function seen(_request: Request, tour: Tour) {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      for (const view of ["before", "middle"]) {
        const url = `${tour.url}/error/${view}`;
        const { status, body } = await fetch(url, { signal });
        yield `GET /error/${view}\n  status ${status}\n`;
        try {
          for await (const bytes of body ?? []) {
            yield `  ${Buffer.from(bytes)}`;
          }
          yield "  (complete)\n\n";
        } catch (error) {
          yield `  (not complete: ${error})\n\n`;
        }
      }
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
// #endregion
