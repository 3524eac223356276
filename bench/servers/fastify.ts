import { Readable } from "node:stream";

import { fastify } from "fastify";

import { announce } from "./control.ts";
import { contentType, page, views } from "./views.ts";

const app = fastify();
app.get("/", (_request, reply) => reply.type("text/html").send(page));
for (const [path, view] of Object.entries(views)) {
  app.get(path, (request, reply) => {
    const query = new URLSearchParams(request.query as Record<string, string>); // what the default parser gives
    return reply.type(contentType).send(Readable.from(view(query)));
  });
}
const url = await app.listen({ port: 0, host: "127.0.0.1" });
announce(Number(new URL(url).port));
