import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { announce } from "../../servers/control.ts";

/** A bare `node:http` server; `send` writes as many rows as the query says. */
export function nodeServer(
  send: (count: number, res: ServerResponse, path: string) => Promise<void>,
): void {
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
    res.setHeader("content-type", "text/csv; charset=utf-8");
    send(Number(searchParams.get("n")), res, pathname).catch(() => res.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    announce((server.address() as AddressInfo).port); // it listens on a port
  });
}

/** Writes a chunk and waits while the queue is full. */
export async function write(res: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  if (!res.write(chunk)) await once(res, "drain");
}
