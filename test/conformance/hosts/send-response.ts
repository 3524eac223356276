import { createServer } from "node:http";

import createExpress from "express";
import createFastify from "fastify";
import Koa from "koa";
import { sendResponse } from "millrace/node";

import { fetch } from "../app.ts";
import type { Host } from "../host.ts";
import { listenHttp, listenHttp2 } from "./listen.ts";

const quiet = { onError: () => {} };

export const nodeHttp: Host = {
  name: "node:http with sendResponse",
  start: () => listenHttp(createServer((req, res) => void sendResponse(res, answer(req), quiet))),
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

/** What the app answers; these frameworks have requests of their own. */
function answer(req: { url?: string | undefined; method?: string | undefined }): Response {
  const { url = "/", method = "GET" } = req;
  return fetch(new Request(new URL(url, "http://localhost"), { method }));
}
