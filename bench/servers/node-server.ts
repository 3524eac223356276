import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { announce } from "./control.ts";
import { contentType, page, sourceOf } from "./views.ts";

type Send = (
  source: Iterable<string> | AsyncIterable<string>,
  res: ServerResponse,
) => Promise<void>;

/** A bare `node:http` server of the views, which `send` writes. */
export function nodeServer(send: Send): void {
  const server = createServer((req, res) => {
    if (req.url === "/quiet/bare") {
      res.setHeader("content-type", contentType);
      res.write("data: open\n\n"); // and that was all: no source, nobody who waits
      return;
    }
    const source = sourceOf(req.url ?? "/");
    if (source === undefined) {
      res.setHeader("content-type", "text/html");
      res.end(page);
      return;
    }
    res.setHeader("content-type", contentType);
    send(source, res).catch(() => res.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    announce((server.address() as AddressInfo).port); // it listens on a port
  });
}
