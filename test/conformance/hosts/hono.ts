import { createServer, type Server } from "node:http";

import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { createRequestListener } from "millrace/node";

import type { App, Host } from "../host.ts";
import { closesHttp10, dropsUnreadBody, sendsHeadFirst } from "./deviations.ts";
import { listenHttp } from "./listen.ts";

export const honoOnNodeServer: Host = {
  name: "Hono 4 on @hono/node-server",
  start: (app) => listenHttp(createAdaptorServer({ fetch: hono(app).fetch }) as Server),
  expects: {
    "throw-at-once": sendsHeadFirst,
    "throw-instantly": sendsHeadFirst,
    unread: dropsUnreadBody,
    "http10-throws": closesHttp10,
    "limit-first-chunk": { ...sendsHeadFirst, sees: { status: 200, ends: "cut" } },
  },
};

/** The same app, one line different. */
export const honoOnListener: Host = {
  name: "Hono 4 on millrace/node",
  start: (app) => listenHttp(createServer(createRequestListener(hono(app), { onError: () => {} }))),
  expects: { unread: dropsUnreadBody },
};

function hono({ fetch }: App): Hono {
  const app = new Hono();
  app.all("/*", (c) => fetch(c.req.raw));
  return app;
}
