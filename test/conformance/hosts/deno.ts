import { join } from "node:path";

import { startProgram } from "../../support/start-program.ts";
import { runtime } from "../../support/runtime.ts";
import type { App, Host, RunningHost } from "../host.ts";
import type { Expectations } from "../rows.ts";

const earlyHead = {
  why: "Deno sends the head before it reads the body.",
  instead: "Await what may fail before you return the response.",
};

const expects: Expectations = {
  "throw-at-once": { sees: { status: 200, ends: "cut", reused: false }, ...earlyHead },
  "throw-instantly": { sees: { status: 200, ends: "cut", reused: false }, ...earlyHead },
  "limit-first-chunk": { sees: { status: 200, ends: "cut" }, ...earlyHead },
  head: {
    sees: { started: 1 },
    why: "Deno begins to read the body of a HEAD, then cancels it (denoland/deno#31998); the source's `finally` runs.",
    instead: "Return `new Response(null, response)` where starting the source costs something.",
  },
  unread: {
    sees: { outcomes: ["cancelled"] },
    why: "Deno cancels the body of a HEAD.",
  },
  "http10-throws": {
    sees: { ends: "complete" },
    why: "Deno closes the connection, which is the clean end of an HTTP/1.0 response, where a reset would tell.",
    instead: "Let the proxy speak HTTP/1.1 to it: `proxy_http_version 1.1` in nginx.",
  },
};

export const deno: Host = {
  name: "Deno 2.9 (`Deno.serve`)",
  start: startDeno,
  expects,
};

const overtaken = "on a busy machine Deno's reset overtakes what it had to send";

export const denoHttp2: Host = {
  name: "Deno 2.9 (`Deno.serve`) over HTTP/2",
  protocol: "HTTP/2",
  start: async (app) => ({ ...(await startDeno(app)), curl: ["--http2-prior-knowledge"] }),
  expects: {
    ...expects,
    "throw-at-once": { sees: { status: 200, ends: "cut" }, ...earlyHead },
    "h2-undelivered": {
      sees: { byReset: ["complete"], byConnection: ["complete"] },
      why: "A web stream does not say whether what its host has read was sent.",
    },
  },
  skips: {
    // Mostly, not always, a protocol error. `new Response(null, response)` is the way around it.
    head: "Deno sends a body after the head of a HEAD in HTTP/2, also for a plain Response (denoland/deno#19605)",
    "throw-instantly": overtaken,
    "throw-after-burst": overtaken,
  },
};

/** Without a single permission: the app needs none. */
function startDeno({ module }: App): Promise<RunningHost> {
  const path = join(import.meta.dirname, module);
  const address = ["--host=127.0.0.1", "--port=0"];
  return startProgram(
    runtime("deno").path,
    ["serve", "--no-lock", "--conditions=millrace-source", ...address, path],
    { env: { DENO_NO_UPDATE_CHECK: "1" }, port: /http:\/\/\S+:(\d+)/ },
  );
}
