import { serve } from "srvx/node";

import { announce } from "./control.ts";
import { millraceApp } from "./millrace-app.ts";

const server = serve({ fetch: millraceApp, port: 0, hostname: "127.0.0.1", silent: true });
await server.ready();
announce(Number(new URL(server.url ?? "").port));
