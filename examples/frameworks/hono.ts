import { setTimeout as delay } from "node:timers/promises";

import { Hono } from "hono";
import { StreamingHttpResponse } from "millrace";
import { serve } from "millrace/node";

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

const app = new Hono();
app.get("/stream", story); // a handler of Hono returns a Response, and this is one
app.get("/export", orders);

// `serve` of @hono/node-server would do as well; this one answers an early error with a real 500, speaks HTTP/2 and limits slow
// readers.
const server = await serve(app, { port: Number(process.env["PORT"] ?? 3000) });
console.log(server.url);
