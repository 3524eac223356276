import { frameTop } from "../layout/document.ts";
import type { Flight } from "./flights.ts";

export function gaugeTop(): string {
  return `${frameTop("Memory")}<div class="gauge">\n`;
}

export function gaugeBar(megabytes: number): string {
  const height = Math.min(100, Math.round(megabytes));
  return `<svg viewBox="0 0 4 100" preserveAspectRatio="none"><rect y="${100 - height}" width="4" height="${height}"/></svg><b>${megabytes.toFixed(1)} MB</b>\n`;
}

export function tableTop(before: number): string {
  return `${frameTop("Flights", "frame pinned")}<div>
<p class="result">Memory before: ${before.toFixed(1)} MB</p>
<table class="flights">
<thead><tr><th>#</th><th>leaves at</th><th>minutes late</th><th>miles</th></tr></thead>
<tbody>
`;
}

/** Numbers only: nothing to escape. */
export function tableRow(row: number, { delay, distance, time }: Flight): string {
  return `<tr><td>${row}</td><td>${clock(time)}</td><td>${delay}</td><td>${distance}</td></tr>\n`;
}

export function tableBottom(rows: number, most: number, after: number): string {
  return `</tbody>
</table>
<p class="result">${rows.toLocaleString("en")} rows. Memory at most: ${most.toFixed(1)} MB, now: ${after.toFixed(1)} MB.</p>
</div>
`;
}

function clock(time: number): string {
  const minutes = Math.round(time * 60);
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
