import type { AddressInfo } from "node:net";

import { serve } from "@hono/node-server";
import { Hono } from "hono";

import { announce } from "./control.ts";
import { contentType, page, views } from "./views.ts";
import { webStream } from "./web-stream.ts";

const app = new Hono();
app.get("/", (context) => context.html(page));
for (const [path, view] of Object.entries(views)) {
  app.get(path, (context) => {
    const source = view(new URL(context.req.url).searchParams);
    return new Response(webStream(source), { headers: { "content-type": contentType } });
  });
}
const options = { fetch: app.fetch, port: 0, hostname: "127.0.0.1" };
serve(options, (address: AddressInfo) => announce(address.port));
