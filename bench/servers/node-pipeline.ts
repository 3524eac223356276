import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { nodeServer } from "./node-server.ts";

nodeServer((source, res) => pipeline(Readable.from(source), res));
