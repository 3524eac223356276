import { setTimeout as delay } from "node:timers/promises";

import express from "express";
import { StreamingHttpResponse } from "millrace";
import { sendResponse } from "millrace/node";

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

const app = express();

// What middleware set on `res` before stays. The promise resolves when the response is over, with its outcome.
app.get("/stream", async (_req, res) => {
  const outcome = await sendResponse(res, story());
  console.log(outcome.type, outcome.bytes);
});
app.get("/export", async (_req, res) => {
  await sendResponse(res, orders());
});

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  console.log(server.address());
});
