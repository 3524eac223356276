import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

/** Server-Sent Events, one each second until the client leaves. */
export function GET(): Response {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      while (true) {
        yield `data: ${new Date().toISOString()}\n\n`;
        await delay(1_000, undefined, { signal });
      }
    },
    {
      contentType: "text/event-stream",
      headers: { "cache-control": "no-store" },
      heartbeat: 15_000, // for times when there is nothing to say
    },
  );
}
