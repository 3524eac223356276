import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { format } from "@fast-csv/format";

import { columns, orders } from "../rows.ts";
import { nodeServer } from "./node-server.ts";

nodeServer(async (count, res) => {
  await pipeline(Readable.from(orders(count)), format({ headers: columns }), res);
});
