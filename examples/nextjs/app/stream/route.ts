import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

/** A text that arrives line by line. */
export function GET(): Response {
  return new StreamingHttpResponse(
    async function* ({ signal }) {
      for (let line = 1; line <= 5; line++) {
        yield `Line ${line}\n`;
        await delay(500, undefined, { signal });
      }
    },
    { contentType: "text/plain; charset=utf-8" },
  );
}
