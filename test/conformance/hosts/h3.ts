import { createServer } from "node:http";

import { H3, serve } from "h3";
import { createRequestListener } from "millrace/node";

import type { App, Host } from "../host.ts";
import { closesHttp10, destroysBeforeHead, dropsUnreadBody } from "./deviations.ts";
import { listenHttp } from "./listen.ts";

export const h3OnSrvx: Host = {
  name: "h3 2 on its own server (srvx)",
  async start(app) {
    const server = serve(h3(app), { port: 0, hostname: "127.0.0.1", silent: true });
    await server.ready();
    return {
      url: (server.url ?? "").replace(/\/$/, ""),
      inProcess: true,
      close: () => server.close(true),
    };
  },
  expects: {
    "throw-at-once": destroysBeforeHead,
    "throw-instantly": destroysBeforeHead,
    unread: dropsUnreadBody,
    "http10-throws": closesHttp10,
    "limit-first-chunk": { ...destroysBeforeHead, sees: { status: 0, ends: "no answer" } },
  },
};

/** The same app, one line different. */
export const h3OnListener: Host = {
  name: "h3 2 on millrace/node",
  start: (app) => listenHttp(createServer(createRequestListener(h3(app), { onError: () => {} }))),
  expects: { unread: dropsUnreadBody },
};

function h3({ fetch }: App): H3 {
  return new H3().all("/**", (event) => fetch(event.req));
}
