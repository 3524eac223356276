import { MillraceError } from "./errors.ts";

/**
 * Throws when `options` has a property that is not in `known`: a misspelt limit that is silently ignored is found in
 * production otherwise.
 */
export function checkOptionNames(options: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new MillraceError(
        "OPTION_UNKNOWN",
        `${where} has no option "${name}". Known options: ${known.join(", ")}.`,
      );
    }
  }
}

/** Longest delay that timers take; a longer one would fire at once (HTML, timers; 2 ** 31 - 1 ms, 24.8 days). */
const LONGEST = 2 ** 31 - 1;

/** Throws unless `value` is a number of milliseconds that a timer can wait for, or `false`. */
export function checkMilliseconds(value: unknown, option: string): void {
  if (value === undefined || value === false) return;
  if (typeof value === "number" && value > 0 && value <= LONGEST) return;
  throw new MillraceError(
    "OPTION_INVALID",
    `${option} is ${String(value)}; it takes a number of milliseconds above 0 and up to ${LONGEST}, or false to switch it off.`,
  );
}
