import { MillraceError } from "../../response/errors.ts";
import { checkOptionNames } from "../../response/options.ts";
import { checkSource, describe, type Source } from "../../response/source.ts";

/** One file of a ZIP archive. */
export interface ZipEntry {
  /** Its path in the archive, with `/` between folders: `reports/2026/may.csv`. */
  name: string;
  /** What it holds: all that a `StreamingHttpResponse` takes, and text or bytes that are whole already. */
  source: Source | string | Uint8Array;
  /** When it was last changed. Default: when the archive is made. */
  modified?: Date | undefined;
  /** Whether to compress it. Default: as the archive says, but never what its extension calls compressed already. */
  compress?: boolean | undefined;
  /** A comment, which some tools show. Default: none. */
  comment?: string | undefined;
}

const entryNames = ["name", "source", "modified", "compress", "comment"];

/** Names and comments have to fit into 16 bits, in UTF-8. */
const LONGEST = 0xffff;

/**
 * Throws unless `entry` can be written.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`, `SOURCE_INVALID`
 */
export function checkEntry(entry: unknown): asserts entry is ZipEntry {
  if (typeof entry !== "object" || entry === null) {
    throw new MillraceError(
      "OPTION_INVALID",
      `An entry of a ZIP archive is ${describe(entry)}; it takes { name, source }.`,
    );
  }
  const { name, source, modified, compress, comment } = entry as Record<string, unknown>; // looked at below
  const invalid = (what: string) =>
    new MillraceError("OPTION_INVALID", `The ZIP entry ${JSON.stringify(name)} ${what}`);
  const fault = faultOf(name);
  if (fault !== undefined) {
    throw invalid(
      `${fault}. A name is a relative path with "/" between its parts, such as "reports/may.csv".`,
    );
  }
  checkOptionNames(entry, entryNames, `The ZIP entry ${JSON.stringify(name)}`);
  checkEntrySource(source, name);
  if (modified !== undefined && !(modified instanceof Date && !Number.isNaN(modified.getTime())))
    throw invalid(`has modified ${describe(modified)}; it takes a valid Date.`);
  if (compress !== undefined && typeof compress !== "boolean")
    throw invalid(`has compress ${describe(compress)}; it takes true or false.`);
  if (comment !== undefined && !(typeof comment === "string" && fits(comment)))
    throw invalid(`has a comment that is no text of at most ${LONGEST} bytes.`);
}

/** What is wrong with a name: tools that extract `../../etc/passwd` have existed (CWE-22), so nothing like it leaves. */
function faultOf(name: unknown): string | undefined {
  if (typeof name !== "string" || name === "") return "has no name";
  if (!name.isWellFormed()) return "has half a surrogate pair in its name";
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(name)) return "has a control character or a backslash";
  if (/^(?:\/|[a-z]:)/i.test(name)) return "has an absolute path";
  if (name.endsWith("/")) return "is a folder; folders come with the files in them";
  if (name.split("/").some((part) => part === "" || part === "." || part === ".."))
    return 'has a part that is empty, "." or ".."';
  return fits(name) ? undefined : `has a name of more than ${LONGEST} bytes`;
}

function checkEntrySource(source: unknown, name: unknown): void {
  if (isWhole(source)) return;
  try {
    checkSource(source);
  } catch (cause) {
    throw new MillraceError(
      "SOURCE_INVALID",
      `The source of the ZIP entry ${JSON.stringify(name)} is ${describe(source)}. ` +
        "Give text, bytes, an iterable, an async iterable or a ReadableStream of strings or Uint8Arrays, or a function that returns one.",
      { cause },
    );
  }
}

/** Whether all of a source is there already. */
export function isWhole(source: unknown): source is string | Uint8Array {
  return typeof source === "string" || source instanceof Uint8Array;
}

/** Extensions of formats that are compressed already: deflating them once more costs CPU and gains nothing. */
const compressed =
  /\.(?:7z|aac|apk|avif|br|bz2|docx|epub|flac|gif|gz|heic|jar|jpe?g|lz4|m4[av]|mkv|mov|mp[34]|odp|ods|odt|ogg|opus|parquet|png|pptx|rar|tgz|webm|webp|woff2?|xlsx|xz|zip|zst)$/i;

export function isCompressed(name: string): boolean {
  return compressed.test(name);
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= LONGEST;
}
