import type { Arrival } from "../data/arrivals.ts";
import { frameTop } from "./document.ts";
import { count } from "./numbers.ts";

/** A table of the chunks of one stream, as it is and compressed. Numbers only: nothing to escape. */
export class ArrivalsTable {
  #chunks = 0;
  #plain = 0;
  #coded = 0;

  top(coding: string): string {
    return `${frameTop("Arrivals")}<table class="arrivals">
<thead><tr><th></th><th colspan="2">as it is</th><th colspan="2">${coding}</th></tr>
<tr><th>chunk</th><th>bytes</th><th>arrives after</th><th>bytes</th><th>arrives after</th></tr></thead>
<tbody>
`;
  }

  /** The next chunk of each stream; `undefined` from one that is over. */
  row(plain: Arrival | undefined, coded: Arrival | undefined): string {
    this.#plain += plain?.bytes ?? 0;
    this.#coded += coded?.bytes ?? 0;
    return `<tr><th>${++this.#chunks}</th>${cells(plain)}${cells(coded)}</tr>\n`;
  }

  bottom(): string {
    const share = Math.round((this.#coded / this.#plain) * 100);
    return `</tbody>
<tfoot><tr><th>all</th><td>${count(this.#plain)}</td><td></td><td>${count(this.#coded)}</td><td>${share} %</td></tr></tfoot>
</table>
`;
  }
}

/** Bytes that fill the width of a bar. */
const widest = 600;

function cells(arrival: Arrival | undefined): string {
  if (arrival === undefined) return "<td></td><td></td>";
  const { bytes, after } = arrival;
  const bar = `<svg viewBox="0 0 ${widest} 8" preserveAspectRatio="none"><rect width="${Math.min(bytes, widest)}" height="8"/></svg>`;
  return `<td>${count(bytes)}${bar}</td><td>${after.toFixed(1)} ms</td>`;
}
