import { subscribe } from "node:diagnostics_channel";

import type { StreamEnd, StreamStart } from "millrace/node";

import { eventually } from "../../support/eventually.ts";

/** Every response of this process so far, as diagnostics announced them. */
export const started: StreamStart[] = [];
export const ended: StreamEnd[] = [];

subscribe("millrace:stream:start", (message) => started.push(message as StreamStart));
subscribe("millrace:stream:outcome", (message) => ended.push(message as StreamEnd));

/** How the response to `url` ended; the last one, when there were several. */
export function endOf(url: string): Promise<StreamEnd> {
  return eventually(() => ended.findLast((end) => end.url === url), {
    timeout: 15_000,
    what: `the end of ${url}`,
  });
}
