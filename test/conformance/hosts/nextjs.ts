import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { runProgram, startProgram } from "../../support/start-program.ts";
import type { Host, RunningHost } from "../host.ts";

const project = join(import.meta.dirname, "nextjs");
const next = createRequire(import.meta.url).resolve("next/dist/bin/next");

const noAnswer = {
  why: "Next.js closes the connection when a body fails before its first chunk.",
  instead: "Await what may fail before you return the response.",
};

export const nextjs: Host = {
  name: "Next.js 16 route handler",
  start: startNext,
  expects: {
    "throw-at-once": { sees: { status: 0, ends: "no answer", reused: false }, ...noAnswer },
    "throw-instantly": { sees: { status: 0, ends: "no answer", reused: false }, ...noAnswer },
    "limit-first-chunk": { sees: { status: 0, ends: "no answer" }, ...noAnswer },
    unread: {
      sees: { outcomes: [] },
      why: "Next.js drops the body of a HEAD without cancelling it; the source was never started.",
    },
    "http10-throws": {
      sees: { ends: "complete" },
      why: "Next.js closes the connection, which is the clean end of an HTTP/1.0 response, where a reset would tell.",
      instead: "Let the proxy speak HTTP/1.1 to it: `proxy_http_version 1.1` in nginx.",
    },
  },
};

/** `next build`, then `next start`. */
async function startNext(): Promise<RunningHost> {
  const run = String(process.pid);
  const options = { cwd: project, env: { MILLRACE_RUN: run, NEXT_TELEMETRY_DISABLED: "1" } };
  await runProgram(process.execPath, [next, "build"], options);
  const program = await startProgram(
    process.execPath,
    [next, "start", "--hostname=127.0.0.1", "--port=0"],
    { ...options, port: /http:\/\/127\.0\.0\.1:(\d+)/ },
  );
  return {
    ...program,
    async close() {
      await program.close();
      await rm(join(project, ".next", run), { recursive: true });
    },
  };
}
