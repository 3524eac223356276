import { createServer } from "node:http";

import createExpress from "express";
import createFastify from "fastify";
import Koa from "koa";
import { compress } from "millrace/compress";
import { sendResponse } from "millrace/node";

import { fetch } from "../app.ts";
import type { Host } from "../host.ts";
import { compressed } from "./compressed.ts";
import { listenHttp, listenHttp2 } from "./listen.ts";

const quiet = { onError: () => {} };

export const nodeHttp: Host = {
  name: "node:http with sendResponse",
  start: () => listenHttp(createServer((req, res) => void sendResponse(res, answer(req), quiet))),
};

/** `compress` for one response, where others have `withCompression` around the app. */
export const nodeHttpCompressed: Host = {
  ...compressed(nodeHttp, "gzip"),
  start: () =>
    listenHttp(
      createServer((req, res) => {
        const request = requestOf(req);
        const response = compress(fetch(request), request, { types: () => true });
        void sendResponse(res, response, quiet);
      }),
    ),
};

export const express5: Host = {
  name: "Express 5 with sendResponse",
  start() {
    const app = createExpress();
    app.use(async (req, res) => {
      await sendResponse(res, answer(req), quiet);
    });
    return listenHttp(createServer(app));
  },
};

export const fastify5: Host = {
  name: "Fastify 5 with sendResponse",
  async start() {
    const app = createFastify();
    app.all("/*", async (request, reply) => {
      reply.hijack();
      await sendResponse(reply.raw, answer(request.raw), quiet);
    });
    await app.ready();
    return listenHttp(app.server);
  },
};

/** Fastify's own way to send a stream ends cleanly here when the stream fails. */
export const fastify5Http2: Host = {
  name: "Fastify 5 over HTTP/2 with sendResponse",
  protocol: "HTTP/2",
  async start() {
    const app = createFastify({ http2: true });
    app.all("/*", async (request, reply) => {
      reply.hijack();
      await sendResponse(reply.raw, answer(request.raw), quiet);
    });
    await app.ready();
    return listenHttp2(app.server);
  },
};

export const koa3: Host = {
  name: "Koa 3 with sendResponse",
  start() {
    const app = new Koa();
    app.use(async (ctx) => {
      ctx.respond = false;
      await sendResponse(ctx.res, answer(ctx.req), quiet);
    });
    return listenHttp(createServer(app.callback()));
  },
};

/** What a request of Node says, as far as the app asks. */
interface NodeRequest {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly headers: { readonly "accept-encoding"?: string | string[] | undefined };
}

function answer(req: NodeRequest): Response {
  return fetch(requestOf(req));
}

/** These frameworks have requests of their own. */
function requestOf({ url = "/", method = "GET", headers }: NodeRequest): Request {
  const accepted = String(headers["accept-encoding"] ?? "identity");
  return new Request(new URL(url, "http://localhost"), {
    method,
    headers: { "accept-encoding": accepted },
  });
}
