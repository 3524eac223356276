import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import { levelRanges, type CodingLevels, type CodingName } from "./codings.ts";

/** Options of `compress` and of `withCompression`. */
export interface CompressOptions {
  /**
   * The codings to offer; where a client likes several equally, the first one wins. Default: `["zstd", "br", "gzip"]`, and
   * `["gzip", "zstd", "br"]` for HTML and events, whose streams are often quiet and cost 10 KiB with gzip instead of 110 and more.
   * Codings that the runtime does not have are left out.
   */
  codings?: readonly CodingName[] | undefined;
  /** How hard each coding tries. Default: fast. */
  levels?: CodingLevels | undefined;
  /** Bodies that are known to be shorter than this many bytes stay as they are. Default 1_024. */
  minimumSize?: number | undefined;
  /** Whether responses of this Content-Type are worth it. Default: text of all kinds. */
  types?: ((contentType: string) => boolean) | undefined;
  /** Longest random file name in a gzip header, in bytes, against BREACH. Default 100; 0 for none. */
  randomBytes?: number | undefined;
}

/** A compressed body has to be some packets shorter to be worth it. */
export const MINIMUM_SIZE = 1_024;

/** A longer name hides nothing better. */
const LONGEST_NAME = 65_535;

const optionNames = ["codings", "levels", "minimumSize", "types", "randomBytes"];

/** Throws on unknown names and impossible values. */
export function checkCompressOptions(options: CompressOptions, where: string): void {
  checkOptionNames(options, optionNames, where);
  const { codings = [], levels = {}, minimumSize, types, randomBytes } = options;
  if (!Array.isArray(codings)) throw invalid("codings", codings, "takes a list");
  for (const name of codings) {
    if (!Object.hasOwn(levelRanges, name))
      throw invalid("codings", name, "takes gzip, br and zstd");
  }
  checkOptionNames(levels, Object.keys(levelRanges), "levels");
  for (const [name, [least, most]] of Object.entries(levelRanges)) {
    checkInteger(`levels.${name}`, levels[name as CodingName], least, most); // the keys of the table
  }
  checkInteger("minimumSize", minimumSize, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("randomBytes", randomBytes, 0, LONGEST_NAME);
  if (types !== undefined && typeof types !== "function") {
    throw invalid("types", types, "takes a function of the Content-Type");
  }
}

function checkInteger(option: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return;
  throw invalid(option, value, `takes an integer from ${least} to ${most}`);
}

function invalid(option: string, value: unknown, takes: string): MillraceError {
  return new MillraceError("OPTION_INVALID", `${option} is ${String(value)}; it ${takes}.`);
}
