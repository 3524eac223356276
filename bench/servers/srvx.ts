import { serve } from "srvx/node";

import { announce } from "./control.ts";
import { contentType, page, sourceOf } from "./views.ts";
import { webStream } from "./web-stream.ts";

const server = serve({
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    const source = sourceOf(pathname + search);
    if (source === undefined)
      return new Response(page, { headers: { "content-type": "text/html" } });
    return new Response(webStream(source), { headers: { "content-type": contentType } });
  },
  port: 0,
  hostname: "127.0.0.1",
  silent: true,
});
await server.ready();
announce(Number(new URL(server.url ?? "").port));
