import { nodeServer } from "./node-server.ts";

// What a source costs when nothing is sent: the floor under every other figure.
nodeServer(async (source, res) => {
  let length = 0;
  if (Symbol.iterator in source) {
    for (const row of source) length += row.length;
  } else {
    for await (const row of source) length += row.length;
  }
  res.end(String(length));
});
