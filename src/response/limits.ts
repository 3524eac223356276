import { MillraceError, type ErrorCode } from "./errors.ts";
import { checkMilliseconds, checkOptionNames } from "./options.ts";

/**
 * How long one response may take. Limits belong to a response, never to a process: an export may run for an hour on a
 * server whose pages must answer in a second.
 */
export interface ResponseLimits {
  /** Longest wait for the first chunk, in ms. Default `false`: no limit. */
  firstChunk?: number | false | undefined;
  /** Longest silence of the source between chunks, in ms. Default `false`: no limit. Heartbeats do not count. */
  idle?: number | false | undefined;
  /** Longest time from the start to the last byte, in ms. Default `false`: no limit. */
  total?: number | false | undefined;
  /**
   * Longest time that the reader may take nothing while bytes are pending, in ms. A quiet stream has none pending and
   * is never stalled. The kernel takes bytes in steps of up to 1.5 MB, so allow for a slow reader's time for one. Default
   * 120_000 when sent by `millrace/node`; elsewhere `false`, since the host holds the socket.
   */
  stalled?: number | false | undefined;
}

export type LimitName = keyof ResponseLimits;

const limitNames: readonly LimitName[] = ["firstChunk", "idle", "total", "stalled"];

const limitErrors: Record<LimitName, { code: ErrorCode; what: (ms: number) => string }> = {
  firstChunk: {
    code: "LIMIT_FIRST_CHUNK",
    what: (ms) => `The source yielded nothing for ${ms} ms`,
  },
  idle: { code: "LIMIT_IDLE", what: (ms) => `The source was silent for ${ms} ms` },
  total: { code: "LIMIT_TOTAL", what: (ms) => `The response took longer than ${ms} ms` },
  stalled: { code: "LIMIT_STALLED", what: (ms) => `The reader took nothing for ${ms} ms` },
};

/** Throws when `limits` has an unknown name or a value that is no number of milliseconds. */
export function checkLimits(limits: ResponseLimits, where: string): void {
  checkOptionNames(limits, limitNames, where);
  for (const name of limitNames) checkMilliseconds(limits[name], `${where}.${name}`);
}

/** The limits of a response over the defaults of whoever sends it. */
export function mergeLimits(
  defaults: ResponseLimits,
  own: ResponseLimits | undefined,
): ResponseLimits {
  if (own === undefined) return defaults;
  return {
    firstChunk: own.firstChunk ?? defaults.firstChunk,
    idle: own.idle ?? defaults.idle,
    total: own.total ?? defaults.total,
    stalled: own.stalled ?? defaults.stalled,
  };
}

/** The error that a passed limit ends a stream with. */
export function limitError(limit: LimitName, ms: number): MillraceError {
  const { code, what } = limitErrors[limit];
  return new MillraceError(code, `${what(ms)} (limit \`${limit}\`).`);
}
