import papaparse from "papaparse";

import { columns, orders, type Order } from "../rows.ts";
import { nodeServer, write } from "./node-server.ts";

/** Rows in one call of `unparse`: more gain nothing. */
const BATCH = 500;

nodeServer(async (count, res) => {
  let header = true;
  let batch: Order[] = [];
  const flush = async () => {
    await write(res, `${papaparse.unparse(batch, { columns, header })}\r\n`);
    header = false;
    batch = [];
  };
  for (const order of orders(count)) {
    batch.push(order);
    if (batch.length === BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  res.end();
});
