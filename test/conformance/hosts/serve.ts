import { serve, type ServeOptions } from "millrace/node";

import type { App, Host, RunningHost } from "../host.ts";
import { makeCertificate } from "./certificate.ts";

export const serveHttp1: Host = {
  name: "serve, HTTP/1.1",
  start: (app) => start(app, {}, []),
};

export const serveHttp10: Host = {
  name: "serve, HTTP/1.0 clients",
  protocol: "HTTP/1.0",
  start: (app) => start(app, {}, ["--http1.0"]),
};

export const serveH2c: Host = {
  name: "serve, HTTP/2 without TLS",
  protocol: "HTTP/2",
  start: (app) => start(app, { http2: true }, ["--http2-prior-knowledge"]),
};

export const serveHttps2: Host = {
  name: "serve, HTTP/2 with TLS",
  protocol: "HTTP/2",
  start: (app) => start(app, { http2: true, tls: makeCertificate() }, ["-k", "--http2"]),
  expects: {
    "leave-stalled": {
      here: Number(process.versions.node.split(".")[0]) < 26,
      sometimes: true,
      sees: { outcomes: ["timed-out"] },
      why: "Node 22 and 24 mostly do not notice over TLS that an HTTP/2 client has gone while a write is pending.",
      instead: "The `stalled` limit ends the response (120 s by default).",
    },
  },
};

export const serveHttps1: Host = {
  name: "serve, HTTP/1.1 with TLS",
  start: (app) => start(app, { http2: true, tls: makeCertificate() }, ["-k", "--http1.1"]),
};

async function start(
  app: App,
  options: ServeOptions,
  curl: readonly string[],
): Promise<RunningHost> {
  const server = await serve(app, { port: 0, onError: () => {}, ...options });
  return { url: server.url, curl, inProcess: true, close: () => server.close({ drain: 0 }) };
}
