import { csv, ndjson, type Rows } from "millrace/export";
import { serve } from "millrace/node";

import { announce } from "../../servers/control.ts";
import { columns, orderBatches, orders, ordersAsync, type Order } from "../rows.ts";

let made = 0;

/** As `orders`, and counts. */
function* counted(count: number): Generator<Order> {
  for (const order of orders(count)) {
    made += 1;
    yield order;
  }
}

const sources = { sync: orders, async: ordersAsync, batches: orderBatches, counted };

const server = await serve(
  (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const [, format, kind] = pathname.split("/");
    if (format === "held") return Response.json(held());
    const rows = sources[kind as keyof typeof sources](
      Number(searchParams.get("n")),
    ) as Rows<Order>; // one of the three it is a union of
    const digest = searchParams.has("digest");
    if (format === "ndjson") return ndjson(rows, { digest });
    return csv(rows, { columns, digest, excel: searchParams.has("excel") });
  },
  { port: 0 },
);
announce(server.port);

/** KiB after a garbage collection. */
function held() {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: (heapUsed + external) / 1024, resident: rss / 1024, rows: made };
}
