import { MillraceError } from "../response/errors.ts";
import type { ResponseLimits } from "../response/limits.ts";
import { checkMilliseconds, checkOptionNames } from "../response/options.ts";

/**
 * What a server lets its clients do, and the defaults for every response it sends. The defaults are safe to face the
 * internet with; a response may set its own `firstChunk`, `idle`, `total` and `stalled`.
 */
export interface ServerLimits extends ResponseLimits {
  /** Longest time for a TLS handshake, and for a request's head to arrive, in ms. Default 10_000; `false`: none. */
  requestHead?: number | false | undefined;
  /** Longest time for a whole request to arrive, body and all, in ms. Default 300_000; `false`: none. */
  request?: number | false | undefined;
  /** How long an HTTP/1 connection is kept between two requests, in ms. Default 5_000; behind a proxy, longer than its own. */
  keepAlive?: number | false | undefined;
  /** Most connections at a time; more are closed at once. Default: 80 % of the file descriptors; `false`: no limit. */
  connections?: number | false | undefined;
  /** Largest head of a request, in bytes. Default 16_384. */
  headerBytes?: number | undefined;
  /** Most header fields in a request. Default 100. */
  headerCount?: number | undefined;
  /** Most open streams in one HTTP/2 session. Default 100. */
  sessionStreams?: number | undefined;
  /** Most new streams in one HTTP/2 session within 10 s; beyond, it is closed with ENHANCE_YOUR_CALM. Default 1_000. */
  sessionRate?: number | undefined;
  /** How long an HTTP/2 session is kept without a stream, in ms. Default 60_000; `false`: for ever. */
  sessionIdle?: number | false | undefined;
  /** How often the peer of an HTTP/2 session with open streams is asked for a sign of life, in ms. Default 20_000; `false`: never. */
  sessionPing?: number | false | undefined;
}

/** {@link ServerLimits} without the limits of responses, and with nothing left open. */
export type ServerSettings = Required<{
  [limit in Exclude<keyof ServerLimits, keyof ResponseLimits>]: Exclude<
    ServerLimits[limit],
    undefined
  >;
}>;

const durations = ["requestHead", "request", "keepAlive", "sessionIdle", "sessionPing"] as const;
const responseDurations = ["firstChunk", "idle", "total", "stalled"] as const;
const counts = [
  "connections",
  "headerBytes",
  "headerCount",
  "sessionStreams",
  "sessionRate",
] as const;

/** Throws on unknown names and impossible values. */
export function checkServerLimits(limits: ServerLimits): void {
  checkOptionNames(limits, [...responseDurations, ...durations, ...counts], "limits");
  for (const name of [...responseDurations, ...durations]) {
    checkMilliseconds(limits[name], `limits.${name}`);
  }
  for (const name of counts) {
    const value = limits[name];
    const off = value === undefined || (name === "connections" && value === false);
    if (off || (Number.isSafeInteger(value) && (value as number) > 0)) continue;
    throw new MillraceError(
      "OPTION_INVALID",
      `limits.${name} is ${String(value)}; it takes a whole number above 0.`,
    );
  }
}

export function withServerDefaults(limits: ServerLimits): ServerSettings {
  return {
    requestHead: limits.requestHead ?? 10_000,
    request: limits.request ?? 300_000,
    keepAlive: limits.keepAlive ?? 5_000,
    connections: limits.connections ?? connectionsOfDescriptors(),
    headerBytes: limits.headerBytes ?? 16_384,
    headerCount: limits.headerCount ?? 100,
    sessionStreams: limits.sessionStreams ?? 100,
    sessionRate: limits.sessionRate ?? 1_000,
    sessionIdle: limits.sessionIdle ?? 60_000,
    sessionPing: limits.sessionPing ?? 20_000,
  };
}

export function responseLimitsOf(limits: ServerLimits): ResponseLimits {
  const { firstChunk, idle, total, stalled } = limits;
  return { firstChunk, idle, total, stalled };
}

/**
 * Node accepts a connection for which there is no descriptor left and closes it without a word, so the limit has to be
 * below: the rest is for files, databases and the like. `false` where the process has no such limit (Windows).
 */
function connectionsOfDescriptors(): number | false {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // it would look up the name of every open socket
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft?: number | "unlimited" } };
  };
  report.excludeNetwork = excludeNetwork === true;
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? Math.max(1, Math.floor(soft * 0.8)) : false;
}
