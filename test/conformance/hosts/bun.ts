import { join } from "node:path";

import { startProgram } from "../../support/start-program.ts";
import { runtime } from "../../support/runtime.ts";
import type { Host, RunningHost } from "../host.ts";

const earlyHead = {
  why: "Bun sends the head before it reads the body.",
  instead: "Await what may fail before you return the response.",
};

export const bun: Host = {
  name: "Bun 1.4 (`Bun.serve`)",
  start: ({ module }) => startBun(module),
  expects: {
    "throw-at-once": { sees: { status: 200, ends: "cut", reused: false }, ...earlyHead },
    "throw-instantly": { sees: { status: 200, ends: "cut", reused: false }, ...earlyHead },
    "limit-first-chunk": { sees: { status: 200, ends: "cut" }, ...earlyHead },
    unread: {
      sees: { outcomes: ["cancelled"] },
      why: "Bun cancels the body of a HEAD without reading it.",
    },
  },
};

/** Serves the default export of a module beside this one. */
export function startBun(module: string): Promise<RunningHost> {
  const path = join(import.meta.dirname, module);
  return startProgram(runtime("bun").path, ["--conditions=millrace-source", path], {
    port: /http:\/\/\S+:(\d+)/,
  });
}
