import { createServer, type Server } from "node:http";

import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { createRequestListener } from "millrace/node";

import { fetch } from "../app.ts";
import type { Host } from "../host.ts";
import { closesHttp10, dropsUnreadBody, sendsHeadFirst } from "./deviations.ts";
import { listenHttp } from "./listen.ts";

export const honoOnNodeServer: Host = {
  name: "Hono 4 on @hono/node-server",
  start: () => listenHttp(createAdaptorServer({ fetch: hono().fetch }) as Server),
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
  start: () => listenHttp(createServer(createRequestListener(hono(), { onError: () => {} }))),
  expects: { unread: dropsUnreadBody },
};

function hono(): Hono {
  const app = new Hono();
  app.all("/*", (c) => fetch(c.req.raw));
  return app;
}
