import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

/** A text that arrives line by line. */
function story(): Response {
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

/** A CSV file of 100,000 rows, made row by row while it is read. */
function orders(): Response {
  return new StreamingHttpResponse(
    function* () {
      yield "order,amount\r\n";
      for (let order = 1; order <= 100_000; order++) yield `${order},${order % 997}.00\r\n`;
    },
    {
      contentType: "text/csv; charset=utf-8",
      headers: { "content-disposition": 'attachment; filename="orders.csv"' },
    },
  );
}

/** Server-Sent Events, one each second until the client leaves. */
function clock(): Response {
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
      heartbeat: 5_000, // for times when there is nothing to say: Bun ends a connection after 10 s of silence
    },
  );
}

const routes: Record<string, () => Response> = {
  "/stream": story,
  "/export": orders,
  "/events": clock,
};

// What `bun server.ts` serves.
export default {
  hostname: "127.0.0.1",
  port: process.env["PORT"] ?? 3000,
  fetch(request: Request): Response {
    const view = routes[new URL(request.url).pathname];
    return view === undefined ? new Response("Not found\n", { status: 404 }) : view();
  },
};
