import { H3, html, iterable, raw, serve } from "h3";

import { announce } from "./control.ts";
import { contentType, page, views } from "./views.ts";

const app = new H3();
app.get("/", () => html(raw(page)));
for (const [path, view] of Object.entries(views)) {
  app.get(path, (event) => {
    event.res.headers.set("content-type", contentType);
    return iterable(view(event.url.searchParams));
  });
}
const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true });
await server.ready();
announce(Number(new URL(server.url ?? "").port));
