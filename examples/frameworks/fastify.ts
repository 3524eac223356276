import { setTimeout as delay } from "node:timers/promises";

import createFastify from "fastify";
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

const app = createFastify();

// `hijack` tells Fastify that this response is not its own to send: its hooks `onSend` and its compression are left out.
app.get("/stream", async (_request, reply) => {
  reply.hijack();
  const outcome = await sendResponse(reply.raw, story());
  console.log(outcome.type, outcome.bytes);
});
app.get("/export", async (_request, reply) => {
  reply.hijack();
  await sendResponse(reply.raw, orders());
});

console.log(await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" }));
