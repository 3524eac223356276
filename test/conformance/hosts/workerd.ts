import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { rolldown } from "rolldown";

import { startProgram } from "../../support/start-program.ts";
import { runtime } from "../../support/runtime.ts";
import type { Host, RunningHost } from "../host.ts";

const config = `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01"
);
`;

const earlyHead = {
  why: "workerd sends the head before it reads the body.",
  instead: "Await what may fail before you return the response.",
};

const noticedLate = {
  why: "workerd notices at the next write that a client has left: it waits for a reset, and a client that closes sends a FIN (capnproto/capnproto#788, cloudflare/workerd#5611).",
  instead: "Give it a `heartbeat`, or an `idle` limit where the content type has none.",
};

export const workerd: Host = {
  name: "workerd 1.2026",
  start: () => startWorkerd("default-export.ts"),
  expects: {
    "throw-at-once": { sees: { status: 200, ends: "cut", reused: false }, ...earlyHead },
    "throw-instantly": { sees: { status: 200, ends: "cut", reused: false }, ...earlyHead },
    "limit-first-chunk": { sees: { status: 200, ends: "cut" }, ...earlyHead },
    "leave-listening": { sees: { finished: 0, aborted: 0, outcomes: [] }, ...noticedLate },
    "leave-early": { sees: { finished: 0, aborted: 0, outcomes: [] }, ...noticedLate },
    "leave-deaf": {
      sees: { aborted: 0, outcomes: ["complete"], abortedBeforeItsWaitWasOver: false },
      ...noticedLate,
    },
    head: {
      sees: { started: 1 },
      why: "workerd reads the first chunk of a HEAD's body, then drops the request with all that waits in it: no `finally`, no `onClose`.",
      instead: "Return `new Response(null, response)` for HEAD.",
    },
    unread: {
      sees: { outcomes: [] },
      why: "workerd drops the body of a HEAD without cancelling it.",
    },
    "http10-throws": {
      sees: { ends: "complete" },
      why: "workerd closes the connection, which is the clean end of an HTTP/1.0 response, where a reset would tell.",
      instead: "Let the proxy speak HTTP/1.1 to it: `proxy_http_version 1.1` in nginx.",
    },
  },
  skips: {
    leaks:
      "clients that leave a waiting source are noticed at its next write only, see leave-listening",
  },
};

/** Serves the default export of a module beside this one. */
export async function startWorkerd(module: string): Promise<RunningHost> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-workerd-"));
  await bundle(join(import.meta.dirname, module), join(folder, "worker.js"));
  await writeFile(join(folder, "config.capnp"), config);
  const program = await startProgram(
    runtime("workerd").path,
    ["serve", "--control-fd=1", "config.capnp"],
    { cwd: folder, port: /"port":(\d+)/ },
  );
  return {
    ...program,
    async close() {
      await program.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** One module out of many, as `wrangler` makes it. */
async function bundle(input: string, file: string): Promise<void> {
  const build = await rolldown({
    input,
    platform: "neutral",
    resolve: { conditionNames: ["millrace-source", "import"] },
  });
  await build.write({ file });
  await build.close();
}
