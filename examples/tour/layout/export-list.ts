import { basename } from "node:path";

import type { SentExport } from "../data/watched-exports.ts";
import { contentPolicy, frameTop } from "./document.ts";
import { html, raw, type Html } from "./html.ts";
import { count, duration, size } from "./numbers.ts";

/** What the list shows at one moment. */
export interface ExportState {
  /** Resident memory of the server in bytes, second by second. */
  readonly memory: readonly number[];
  readonly running: readonly SentExport[];
  readonly ended: readonly SentExport[];
}

/** How the list of exports is written: for a browser, or for a terminal. */
export interface ExportListFormat {
  readonly headers: Readonly<Record<string, string>>;
  top(): string;
  /** One state of the list. In a browser it hides the one before, by CSS alone. */
  update(state: ExportState): string;
  /** What stands under a list that has ended. */
  bottom(path: string): string;
}

/** Browsers say that they take HTML; curl takes anything. */
export function exportListFor(request: Request): ExportListFormat {
  return request.headers.get("accept")?.includes("text/html") === true ? htmlList : textList;
}

const htmlList: ExportListFormat = {
  headers: { "content-type": "text/html; charset=utf-8", ...contentPolicy },
  top: () => `${frameTop("Exports")}<main class="list">\n`,
  update: ({ memory, running, ended }) =>
    html`<section class="update">
      ${memoryChart(memory)}
      <h2>Running: ${running.length}</h2>
      <ul>
        ${running.map(runningRow)}
      </ul>
      ${ended.length > 0 && html`<h2>Ended</h2>`}
      <ul>
        ${ended.map(endedRow)}
      </ul>
    </section>`.text,
  bottom: (path) => html`<p class="note">This list is over. <a href="${path}">Go on</a></p>`.text,
};

const textList: ExportListFormat = {
  headers: { "content-type": "text/plain; charset=utf-8" },
  top: () => "",
  update: ({ memory, running, ended }) =>
    [
      `memory ${size(memory.at(-1) ?? 0)}, at most ${size(Math.max(...memory))}; ${running.length} running\n`,
      ...running.map((one) => line(one, one.live?.state ?? "running", progressOf(one).join(", "))),
      ...ended.slice(0, 3).map((one) => line(one, one.outcome?.type ?? "", outcomeOf(one))),
      "\n",
    ].join(""),
  bottom: () => "This list is over.\n",
};

function line(one: SentExport, state: string, rest: string): string {
  return `  ${nameOf(one)}, ${state}: ${rest}\n`;
}

function runningRow(one: SentExport): Html {
  const state = one.live?.state ?? "running";
  const [rows, bytes] = progressOf(one);
  return html`<li>
    <code>${nameOf(one)}</code> <em class="${state.replaceAll(" ", "-")}">${state}</em>
    <progress value="${one.rows}" max="${one.total}"></progress>
    <small>${rows}</small>
    <small>${bytes}</small>
  </li>`;
}

function endedRow(one: SentExport): Html {
  const { type = "", sha256 } = one.outcome ?? {};
  return html`<li>
    <code>${nameOf(one)}</code> <em class="${type}">${type}</em>
    <small>${outcomeOf(one)}${sha256 !== undefined && html`; SHA&#8209;256:<code>${sha256}</code>`}</small>
  </li>`;
}

/** Rows and their rate; bytes and the time that is left. */
function progressOf(one: SentExport): [string, string] {
  const { total, rows, live } = one;
  const bytes = isCompressed(one) ? one.bytes : (one.sent ?? 0); // `progress` lags behind a reader that makes it wait
  const seconds = (live?.age ?? 0) / 1000;
  const perSecond = (amount: number) => (seconds > 0 ? Math.round(amount / seconds) : 0);
  const left = rows > 0 ? `, ${duration((total / rows - 1) * seconds * 1000)} left` : "";
  const share = Math.floor((rows / total) * 100);
  return [
    `${count(rows)} of ${count(total)} rows, ${share} %, ${count(perSecond(rows))} a second`,
    `${bytesOf(one, bytes)}, ${size(perSecond(bytes))} a second${left}`,
  ];
}

function outcomeOf(one: SentExport): string {
  const { bytes = 0, duration: ms = 0 } = one.outcome ?? {};
  return `${count(one.rows)} rows, ${bytesOf(one, bytes)}, in ${duration(ms)}`;
}

/** Bytes of the file, and what they were compressed to. */
function bytesOf(one: SentExport, bytes: number): string {
  const { sent } = one;
  return isCompressed(one) && sent !== undefined
    ? `${size(bytes)}, ${size(sent)} on the wire`
    : size(bytes);
}

function isCompressed({ url }: SentExport): boolean {
  return url.includes("compressed");
}

/** `/export/flights.csv?rows=1000` is `flights.csv`. */
function nameOf(one: SentExport): string {
  const name = basename(one.url.split("?", 1)[0] ?? "");
  return isCompressed(one) ? `${name}, compressed` : name;
}

/** A bar for each second, from 0 to the next power of two MiB above the highest. */
function memoryChart(memory: readonly number[]): Html {
  const seconds = 120;
  const height = 2 ** Math.ceil(Math.log2(Math.max(...memory)));
  const bars = memory.map((bytes, index) => {
    const tall = (bytes / height) * 100;
    return `M${seconds - memory.length + index} 100v-${tall.toFixed(1)}h.75v${tall.toFixed(1)}z`;
  });
  const now = size(memory.at(-1) ?? 0);
  return html`<figure class="memory">
    <p>Server memory: <b>${now}</b> <small>two minutes, 0 to ${height / 2 ** 20} MiB</small></p>
    <svg viewBox="0 0 ${seconds} 100" preserveAspectRatio="none">${raw(`<path d="${bars.join("")}"/>`)}</svg>
  </figure>`;
}
