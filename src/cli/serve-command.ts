import { subscribe } from "node:diagnostics_channel";

import type { Logger } from "pino";

import { serve, type ServeOptions, type Server, type StreamEnd } from "../node.ts";
import { MillraceError } from "../response/errors.ts";
import { CommandError } from "./command-error.ts";
import { loadApp } from "./load-app.ts";
import { createLogger, logOutcome } from "./log.ts";
import { readServeArguments, type ServeArguments } from "./serve-options.ts";
import { usage } from "./usage.ts";
import { watchApp } from "./watch.ts";

/** `millrace serve`: one process, until a signal ends it. What the user can mend is one line and exit code 1. */
export async function serveCommand(args: readonly string[]): Promise<void> {
  try {
    const settings = readServeArguments(args);
    if (settings.help) console.log(usage);
    else if (settings.watch) watchApp(args);
    else await start(settings);
  } catch (error) {
    process.exitCode = 1;
    const known = error instanceof CommandError || error instanceof MillraceError;
    const whole = !known || args.includes("--verbose");
    console.error(whole ? error : `millrace: ${error.message}`);
  }
}

async function start(settings: ServeArguments): Promise<void> {
  const logger = createLogger(settings.log);
  const app = await loadApp(settings.file);
  subscribe("millrace:stream:outcome", (end) => logOutcome(logger, end as StreamEnd));
  const print: ServeOptions["onError"] = (error, { method, url }) =>
    console.error(`${method} ${url} failed:`, error);
  const onError = settings.log === "off" ? print : () => {}; // else the line of the response says it
  const server = await serve(app, { ...settings.serve, onError });
  endOnSignal(server, settings.drain, logger); // before anybody can read that it is there
  logger.info(`${settings.file} is served at ${server.url}`);
  if (settings.log === "off") console.log(server.url);
}

function endOnSignal(server: Server, drain: number, logger: Logger): void {
  let asked = false;
  const end = (signal: NodeJS.Signals) => {
    if (asked) process.exit(1); // asked twice: now
    asked = true;
    const open = server.streams.length;
    if (open > 0)
      logger.info(`${signal}: ${open} open, for up to ${drain / 1_000} s; again to end now`);
    // What the app itself still holds open (timers, pools) must not keep a stopped server alive.
    void server.close({ drain }).then(() => process.exit(0));
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
}
