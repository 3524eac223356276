import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import { describe, type SourceContext } from "../response/source.ts";
import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import {
  checkExportNames,
  createExport,
  splitOptions,
  type ExportOptions,
} from "./export-response.ts";
import { ZipArchive, type ArchiveSettings } from "./zip/archive.ts";
import { checkEntry, type ZipEntry } from "./zip/entry.ts";

/** Anything that yields the entries of an archive. */
export type ZipEntryStream =
  | (Iterable<ZipEntry> & object)
  | (AsyncIterable<ZipEntry> & object)
  | ReadableStream<ZipEntry>;

/** The entries of an archive: a stream of them, a promise of it, or a function that returns either. */
export type ZipEntries =
  | ZipEntryStream
  | PromiseLike<ZipEntryStream>
  | ((context: SourceContext) => ZipEntryStream | PromiseLike<ZipEntryStream>);

/** How an archive is written. */
export interface ZipChunksOptions {
  /** Whether entries are compressed that do not say it themselves. Default true. */
  compress?: boolean | undefined;
  /** How hard to compress, 1 (fast) to 9 (small). Default 6. */
  level?: number | undefined;
}

/** Options of {@link zip}. In `progress`, `total` and `onClose` the entries are the rows. */
export interface ZipOptions extends ExportOptions, ZipChunksOptions {}

const names = ["compress", "level"];

/**
 * A ZIP archive (APPNOTE 6.3.10) of named streams, as a response. Each source is opened when its turn comes, and what it yields
 * leaves compressed after 50 ms at the latest. Sizes of 4 GiB and more than 65,535 entries are ZIP64.
 *
 * When an entry fails the response is cut: the directory, without which nobody takes it for an archive, is never written.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; of entries in an array also `SOURCE_INVALID`
 * @example
 * zip([
 *   { name: "README.txt", source: "Orders of May\n" },
 *   { name: "orders.csv", source: () => csvChunks(orders()) },
 * ], { filename: "orders.zip" });
 */
export function zip(entries: ZipEntries, options: ZipOptions = {}): StreamingHttpResponse {
  checkExportNames(options, names, "zip");
  checkEntries(entries);
  const [format, rest] = splitOptions<ZipChunksOptions>(options, names);
  const settings = settingsOf(format);
  let archive: ZipArchive | undefined;
  return createExport(
    {
      rows: entries,
      encode: (opened: unknown) => (archive = new ZipArchive(opened, settings)),
      countRows: () => archive?.entries ?? 0,
      contentType: "application/zip",
    },
    rest,
  );
}

/**
 * The bytes of a ZIP archive, for a file or another store: what {@link zip} sends.
 *
 * @throws MillraceError as `zip`
 * @example
 * await pipeline(zipChunks([{ name: "hello.txt", source: "Hello" }]), createWriteStream("hello.zip"));
 */
export function zipChunks(
  entries: ZipEntries,
  options: ZipChunksOptions = {},
): AsyncIterable<Uint8Array> {
  checkOptionNames(options, names, "zipChunks");
  checkEntries(entries);
  const settings = settingsOf(options);
  return { [Symbol.asyncIterator]: () => new ZipArchive(entries, settings) };
}

function settingsOf({ compress = true, level = 6 }: ZipChunksOptions): ArchiveSettings {
  if (typeof compress !== "boolean") {
    throw new MillraceError(
      "OPTION_INVALID",
      `compress is ${describe(compress)}; it takes true or false.`,
    );
  }
  if (!Number.isInteger(level) || level < 1 || level > 9) {
    throw new MillraceError(
      "OPTION_INVALID",
      `level is ${describe(level)}; it takes an integer from 1 to 9. To compress nothing set compress: false.`,
    );
  }
  return { compress, level, modified: new Date(), large: true };
}

/** Entries that are there already are looked at now, so that the mistake is found where it was made. */
function checkEntries(entries: unknown): void {
  if (typeof entries === "function") return;
  if (typeof entries !== "object" || entries === null || ArrayBuffer.isView(entries)) {
    throw new MillraceError(
      "ROWS_INVALID",
      `The entries of a ZIP archive are ${describe(entries)}. Give an iterable or async iterable of { name, source }, or a function that returns one.`,
    );
  }
  if (Array.isArray(entries)) entries.forEach(checkEntry);
}
