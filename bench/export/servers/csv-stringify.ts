import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { stringify } from "csv-stringify";

import { columns, orders } from "../rows.ts";
import { nodeServer } from "./node-server.ts";

nodeServer(async (count, res) => {
  const cast = { boolean: String };
  await pipeline(Readable.from(orders(count)), stringify({ header: true, columns, cast }), res);
});
