import type { Departure } from "../data/departures.ts";
import { frameTop } from "./document.ts";
import { html } from "./html.ts";

export function boardTop(): string {
  return `${frameTop("Departures", "frame pinned")}<ol class="board">\n`;
}

/** A line that says when it was sent, in ms. */
export function boardLine({ departure, from, to, late }: Departure, sent: number): string {
  const time = departure.slice(-5);
  const state = late > 0 ? html`<em>${late} min late</em>` : html`<i>on time</i>`;
  return `${html`<li data-sent="${sent.toFixed(1)}"><b>${time}</b> <span>${from} to ${to}</span> ${state}</li>`}\n`;
}
