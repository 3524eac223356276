import { bun } from "./hosts/bun.ts";
import { deno, denoHttp2 } from "./hosts/deno.ts";
import { h3OnListener, h3OnSrvx } from "./hosts/h3.ts";
import { honoOnListener, honoOnNodeServer } from "./hosts/hono.ts";
import { nextjs } from "./hosts/nextjs.ts";
import { listenerOnHttp, listenerOnHttp2 } from "./hosts/request-listener.ts";
import { express5, fastify5, fastify5Http2, koa3, nodeHttp } from "./hosts/send-response.ts";
import { serveH2c, serveHttp1, serveHttp10, serveHttps1, serveHttps2 } from "./hosts/serve.ts";
import { workerd } from "./hosts/workerd.ts";
import type { Column } from "./table.ts";

/** Every host of the suite, as the docs table tells them together. */
export const columns: readonly Column[] = [
  { label: "`serve`", hosts: [serveHttp1, serveHttp10, serveHttps1, serveH2c, serveHttps2] },
  { label: "`createRequestListener`", hosts: [listenerOnHttp, listenerOnHttp2] },
  { label: "`sendResponse`", hosts: [nodeHttp, express5, fastify5, fastify5Http2, koa3] },
  { label: "Hono, h3 on `millrace/node`", hosts: [honoOnListener, h3OnListener] },
  { label: "Hono", hosts: [honoOnNodeServer] },
  { label: "h3", hosts: [h3OnSrvx] },
  { label: "Next.js", hosts: [nextjs] },
  { label: "Bun", hosts: [bun] },
  { label: "Deno", hosts: [deno, denoHttp2] },
  { label: "workerd", hosts: [workerd] },
];
