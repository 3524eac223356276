import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";

import { createRequestListener } from "millrace/node";

import { app } from "../app.ts";
import type { Host } from "../host.ts";
import { listenHttp, listenHttp2 } from "./listen.ts";

const quiet = { onError: () => {} };

export const listenerOnHttp: Host = {
  name: "createRequestListener on node:http",
  start: () => listenHttp(createServer(createRequestListener(app, quiet))),
};

export const listenerOnHttp2: Host = {
  name: "createRequestListener on node:http2",
  protocol: "HTTP/2",
  start: () => listenHttp2(createHttp2Server(createRequestListener(app, quiet))),
};
