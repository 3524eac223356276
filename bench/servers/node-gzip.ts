import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";

import { codedViews } from "./coded-views.ts";
import { announce } from "./control.ts";

// By hand: each chunk is flushed by zlib itself, batches go through a pipeline at `?level=`; plain for those who do not ask.
const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://localhost");
  const view = codedViews[pathname];
  if (view === undefined) return void res.writeHead(404).end();
  const plain = req.headers["accept-encoding"] !== "gzip";
  res.setHeader("content-type", view.contentType);
  if (!plain) res.setHeader("content-encoding", "gzip");
  const source = view.source(searchParams);
  const level = Number(searchParams.get("level") ?? constants.Z_DEFAULT_COMPRESSION);
  const sent = plain ? send(source, res) : sendCoded(source, res, level);
  sent.catch(() => res.destroy());
});
server.listen(0, "127.0.0.1", () => {
  announce((server.address() as AddressInfo).port); // it listens on a port
});

type Rows = ReturnType<(typeof codedViews)[string]["source"]>;

async function send(source: Rows, res: ServerResponse): Promise<void> {
  for await (const chunk of source) {
    if (!res.write(chunk)) await new Promise((resolve) => res.once("drain", resolve));
  }
  res.end();
}

function sendCoded(source: Rows, res: ServerResponse, level: number): Promise<void> {
  if (Symbol.iterator in source) return pipeline(Readable.from(source), createGzip({ level }), res);
  return pipeline(source, createGzip({ level, flush: constants.Z_SYNC_FLUSH }), res);
}
