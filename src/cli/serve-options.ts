import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import type { ServeOptions, ServerLimits } from "../node.ts";
import { CommandError } from "./command-error.ts";

/** How responses are logged. */
export type LogFormat = "pretty" | "json" | "off";

/** What the command line of `millrace serve` says. */
export interface ServeArguments {
  /** The app's file, as it was given. */
  readonly file: string;
  readonly serve: ServeOptions;
  /** In ms. */
  readonly drain: number;
  readonly log: LogFormat;
  readonly watch: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
}

/** Which limit a flag sets. */
const limitFlags = {
  "first-chunk": "firstChunk",
  idle: "idle",
  total: "total",
  stalled: "stalled",
  "request-head": "requestHead",
  request: "request",
  "keep-alive": "keepAlive",
} as const satisfies Record<string, keyof ServerLimits>;

const flags = {
  port: { type: "string" },
  host: { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  http2: { type: "boolean" },
  watch: { type: "boolean" },
  log: { type: "string" },
  verbose: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  connections: { type: "string" },
  drain: { type: "string" },
  "head-grace": { type: "string" },
  "first-chunk": { type: "string" },
  idle: { type: "string" },
  total: { type: "string" },
  stalled: { type: "string" },
  "request-head": { type: "string" },
  request: { type: "string" },
  "keep-alive": { type: "string" },
} as const;

/**
 * Reads the arguments after `millrace serve`.
 *
 * @throws CommandError for anything that is not as `--help` says.
 */
export function readServeArguments(args: readonly string[]): ServeArguments {
  const { values, positionals } = parse(withLogFormat(args));
  const help = values.help === true;
  const [file = "", ...others] = positionals;
  if (!help && (file === "" || others.length > 0)) {
    throw new CommandError(
      file === ""
        ? "Which app? Say `millrace serve app.ts`."
        : `One app at a time: ${positionals.join(", ")} are ${positionals.length}.`,
    );
  }
  const limits: ServerLimits = {};
  for (const [flag, limit] of Object.entries(limitFlags)) {
    const value = values[flag as keyof typeof limitFlags];
    if (value !== undefined) limits[limit] = readTime(`--${flag}`, value);
  }
  if (values.connections !== undefined) {
    limits.connections =
      values.connections === "off" ? false : readCount("--connections", values.connections);
  }
  const grace = values["head-grace"];
  const drain = values.drain === undefined ? 30_000 : readTime("--drain", values.drain);
  return {
    file,
    serve: {
      port: values.port === undefined ? undefined : readCount("--port", values.port),
      hostname: values.host,
      tls: readTls(values["tls-cert"], values["tls-key"]),
      http2: values.http2,
      limits,
      headGrace: grace === undefined ? undefined : readTime("--head-grace", grace),
    },
    drain: checkDrain(drain),
    log: readLogFormat(values.log),
    watch: values.watch === true,
    verbose: values.verbose === true,
    help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch (error) {
    const [first = ""] = (error as Error).message.split(/\.\s/); // the rest is advice that takes lines
    throw new CommandError(`${first}. Run \`millrace serve --help\`.`);
  }
}

/** A bare `--log`, at the end or before a flag or a file, asks for what is the default anyway. */
function withLogFormat(args: readonly string[]): string[] {
  const isFormat = (text: string | undefined) => text !== undefined && !/^-|[./]/.test(text);
  return args.filter((arg, index) => arg !== "--log" || isFormat(args[index + 1]));
}

function readLogFormat(value: string | undefined): LogFormat {
  if (value === undefined) return process.stdout.isTTY ? "pretty" : "json";
  if (value === "pretty" || value === "json" || value === "off") return value;
  throw new CommandError(`--log is "${value}"; it takes pretty, json or off.`);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A time as people write it; a bare number is of milliseconds. */
function readTime(flag: string, text: string): number | false {
  if (text === "off") return false;
  const [, amount, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const factor = units[unit];
  if (amount === undefined || factor === undefined) {
    throw new CommandError(
      `${flag} is "${text}"; it takes a time like 500ms, 30s, 5m or 1h, or off.`,
    );
  }
  return Number(amount) * factor;
}

function checkDrain(drain: number | false): number {
  if (drain === false || drain < 2 ** 31) return drain || 0;
  throw new CommandError("--drain is too long; it takes up to 24 days.");
}

function readCount(flag: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new CommandError(`${flag} is "${text}"; it takes a whole number.`);
}

function readTls(cert: string | undefined, key: string | undefined): ServeOptions["tls"] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new CommandError("--tls-cert and --tls-key go together: give both.");
  }
  return { cert: readPem("--tls-cert", cert), key: readPem("--tls-key", key) };
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new CommandError(
      `${flag}: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      {
        cause,
      },
    );
  }
}
