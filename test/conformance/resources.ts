import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { eventually } from "../support/eventually.ts";
import type { RunningHost } from "./client.ts";
import { countTracked } from "./probe.ts";

/** Counts that must come back to where they were. */
type Resources = Record<string, number>;

/** So many more are noise: a keep-alive connection, a timer of the test runner. */
const NOISE = 8;

/** What a host holds at this moment. Only descriptors can be seen of another process. */
export function measure(host: RunningHost): Resources {
  const resources: Resources = {};
  const pid = host.inProcess === true ? process.pid : host.pid;
  if (pid !== undefined && process.platform === "linux") {
    resources["descriptors"] = readdirSync(`/proc/${pid}/fd`).length;
  }
  if (host.inProcess !== true) return resources;
  for (const type of process.getActiveResourcesInfo()) {
    resources[type] = (resources[type] ?? 0) + 1;
  }
  resources["listeners of the process"] = process
    .eventNames()
    .reduce((sum, name) => sum + process.listenerCount(name), 0);
  collectGarbage();
  resources["signals in memory"] = countTracked();
  return resources;
}

/** What there is more of than before, also after a while. */
export async function whatHasGrown(host: RunningHost, before: Resources): Promise<string[]> {
  let grown: string[] = [];
  const settled = () => {
    grown = Object.entries(measure(host))
      .filter(([name, count]) => count > (before[name] ?? 0) + NOISE)
      .map(([name, count]) => `${name}: ${before[name] ?? 0} -> ${count}`);
    return grown.length === 0;
  };
  await eventually(settled).catch(() => {});
  return grown;
}

/** Collects the warnings of this process about listeners that pile up. */
export function watchWarnings(): { stop(): string[] } {
  const warnings: string[] = [];
  const onWarning = ({ name, message }: Error) => {
    if (name === "MaxListenersExceededWarning") warnings.push(message);
  };
  process.on("warning", onWarning);
  return {
    stop() {
      process.off("warning", onWarning);
      return warnings;
    },
  };
}

let gc: (() => void) | undefined;

function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  gc();
}
