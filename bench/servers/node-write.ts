import type { ServerResponse } from "node:http";

import { nodeServer } from "./node-server.ts";

// By hand, as the manual of Node shows it: a write for each row, a wait when the queue is full.
nodeServer(async (source, res) => {
  if (Symbol.iterator in source) {
    for (const row of source) {
      if (!res.write(row)) await drain(res);
    }
  } else {
    for await (const row of source) {
      if (!res.write(row)) await drain(res);
    }
  }
  res.end();
});

function drain(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => void res.once("drain", resolve));
}
