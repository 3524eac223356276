import type { LiveStream, StreamEnd } from "millrace/node";

import { contentPolicy, frameTop } from "./document.ts";
import { html } from "./html.ts";
import { count, size } from "./numbers.ts";

/** How the list of streams is written: for a browser, or for a terminal. */
export interface ListFormat {
  readonly headers: Readonly<Record<string, string>>;
  top(): string;
  /** One state of the list. In a browser it hides the one before, by CSS alone. */
  update(streams: readonly LiveStream[], ended: readonly StreamEnd[]): string;
  /** What stands under a list that has ended. */
  bottom(path: string): string;
}

/** Browsers say that they take HTML; curl takes anything. */
export function listFormatFor(request: Request): ListFormat {
  return request.headers.get("accept")?.includes("text/html") === true ? htmlList : textList;
}

const htmlList: ListFormat = {
  headers: { "content-type": "text/html; charset=utf-8", ...contentPolicy },
  top: () => `${frameTop("Open streams")}<main class="list">\n`,
  update: (streams, ended) =>
    html`<section class="update">
      <h2>Open now: ${streams.length}</h2>
      <ul>
        ${streams.map(({ method, url, state, ...stream }) => row(`${method} ${url}`, state, stream, stream.age))}
      </ul>
      ${ended.length > 0 && html`<h2>Ended</h2>`}
      <ul>
        ${ended.map(({ method, url, outcome }) => row(`${method} ${url}`, outcome.type, outcome, outcome.duration))}
      </ul>
    </section>`.text,
  bottom: (path) => html`<p class="note">This list is over. <a href="${path}">Go on</a></p>`.text,
};

const textList: ListFormat = {
  headers: { "content-type": "text/plain; charset=utf-8" },
  top: () => "",
  update: (streams) =>
    [
      `${streams.length} open\n`,
      ...streams.map(
        ({ method, url, state, age, ...stream }) =>
          `  ${`${method} ${url}`.padEnd(30)} ${state.padEnd(23)} ${amount(stream, age)}\n`,
      ),
      "\n",
    ].join(""),
  bottom: () => "This list is over.\n",
};

type Amount = Pick<LiveStream, "bytes" | "chunks">;

function row(request: string, state: string, stream: Amount, ms: number) {
  return html`<li>
    <code>${request}</code> <em class="${state.replaceAll(" ", "-")}">${state}</em>
    <small>${amount(stream, ms)}</small>
  </li>`;
}

function amount({ bytes, chunks }: Amount, ms: number): string {
  return `${size(bytes)}, ${count(chunks)} ${chunks === 1 ? "chunk" : "chunks"}, ${(ms / 1000).toFixed(1)} s`;
}
