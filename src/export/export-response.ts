import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import type { StreamOutcome } from "../response/outcome.ts";
import { describe, isPromise, type Chunk, type SourceContext } from "../response/source.ts";
import { closeUnread } from "../response/stream.ts";
import {
  StreamingHttpResponse,
  type StreamingHttpResponseInit,
} from "../response/streaming-http-response.ts";
import { contentDisposition } from "./content-disposition.ts";
import { checkTotal, Meter, type ExportProgress } from "./meter.ts";
import { checkRows } from "./rows.ts";

/** What became of an export. */
export interface ExportOutcome extends StreamOutcome {
  /** Rows that were written. */
  readonly rows: number;
  /** Bytes of the export, before any content coding: those that `sha256` is of. */
  readonly bytes: number;
  /** SHA-256 of the whole export in hexadecimal; undefined unless it is complete and `digest` is on. */
  readonly sha256?: string | undefined;
}

/** What every export takes, besides what a `StreamingHttpResponse` does. */
export interface ExportOptions extends Omit<StreamingHttpResponseInit, "onClose" | "trailers"> {
  /** Name under which a browser saves the export. Default: none, and browsers show what they can. */
  filename?: string | undefined;
  /** Whether a browser shows the export although it has a `filename`. Default false. */
  inline?: boolean | undefined;
  /** Called with how far the export is: twice a second while rows come, and at the end. */
  progress?: ((progress: ExportProgress) => void) | undefined;
  /** How many rows there will be, for the share in `progress`. It may be a promise: the export does not wait for it. */
  total?: number | PromiseLike<number> | undefined;
  /**
   * Whether to compute SHA-256: for `onClose`, and for the trailer `Content-Digest` (RFC 9530). Default true; with a
   * `heartbeat`, whose bytes are in no digest, false.
   */
  digest?: boolean | undefined;
  /** Called once when the response is over, however it ended. */
  onClose?: ((outcome: ExportOutcome) => void) | undefined;
}

export const exportOptionNames: readonly string[] = [
  ...["status", "statusText", "headers", "contentType", "limits", "heartbeat"],
  ...["filename", "inline", "progress", "total", "digest", "onClose"],
];

/** How one format makes a response. */
export interface ExportPlan {
  /** What the caller gave: rows, entries, a promise of them, or a function that returns either. It is called and awaited here. */
  readonly rows: unknown;
  /** Turns what was opened into the chunks of the body. Called on the first read. */
  readonly encode: (rows: never) => Iterable<Chunk> | AsyncIterable<Chunk>;
  /** Rows written so far. */
  readonly countRows: () => number;
  /** Default Content-Type. */
  readonly contentType: string;
}

/**
 * The response of an export: named, measured, and with a proof in its trailers that it is whole.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_INVALID`
 */
export function createExport(plan: ExportPlan, options: ExportOptions): StreamingHttpResponse {
  checkRows(plan.rows);
  checkExportValues(options);
  const { filename, inline, progress, total, digest: wanted, onClose, ...init } = options;
  const { rows, countRows } = plan;
  const digest = wanted ?? !init.heartbeat;
  const meter = new Meter({ digest, progress, total, countRows });
  let opened = false;
  const encode = (value: unknown) => meter.watch(plan.encode(value as never)); // each plan opens what its own type says
  const open = (context: SourceContext) => {
    opened = true;
    const value: unknown = typeof rows === "function" ? rows(context) : rows;
    return isPromise(value) ? Promise.resolve(value).then(encode) : encode(value);
  };
  if (rows instanceof Promise) rows.catch(() => {}); // it may be rejected before anybody reads, or when nobody does
  const hex = () => meter.digest()?.toString("hex");
  const base64 = () => `sha-256=:${meter.digest()?.toString("base64")}:`;
  const rowCount = { "x-row-count": () => String(countRows()) };
  return new StreamingHttpResponse(open, {
    ...init,
    headers: headersFor(init.headers, filename, inline ?? false),
    contentType: contentTypeFor(plan, options),
    trailers: digest ? { "content-digest": base64, ...rowCount } : rowCount,
    onClose(outcome) {
      if (!opened && typeof rows !== "function") void closeUnread(rows as never); // checkRows has looked
      meter.tell();
      const { bytes } = meter;
      const sha256 = outcome.type === "complete" && opened ? hex() : undefined;
      onClose?.({ ...outcome, rows: countRows(), bytes, sha256 });
    },
  });
}

/** Tells the options of a format from those that every export takes. */
export function splitOptions<Own extends object>(
  options: Own & ExportOptions,
  own: readonly string[],
): [own: Own, rest: ExportOptions] {
  const entries = Object.entries(options);
  return [
    Object.fromEntries(entries.filter(([name]) => own.includes(name))) as Own, // all of its names are in `own`
    Object.fromEntries(entries.filter(([name]) => !own.includes(name))),
  ];
}

/** Unknown names are for each format to find: it has options of its own. */
export function checkExportNames(options: object, own: readonly string[], where: string): void {
  checkOptionNames(options, [...exportOptionNames, ...own], where);
}

function checkExportValues(options: ExportOptions): void {
  const { progress, onClose, inline, total, digest, heartbeat } = options;
  checkTypes({ progress, onClose }, "function", "a function");
  checkTypes({ inline, digest }, "boolean", "true or false");
  if (!isPromise(total)) checkTotal(total);
  if (digest === true && heartbeat) {
    throw new MillraceError(
      "OPTION_INVALID",
      "digest and heartbeat exclude each other: the bytes of a heartbeat are in no digest. Choose one.",
    );
  }
}

function checkTypes(values: Readonly<Record<string, unknown>>, type: string, takes: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || typeof value === type) continue;
    throw new MillraceError("OPTION_INVALID", `${name} is ${describe(value)}; it takes ${takes}.`);
  }
}

/** Undefined where the headers say it: `contentType` beside it would be a mistake. */
function contentTypeFor(
  plan: ExportPlan,
  { headers, contentType }: ExportOptions,
): string | undefined {
  if (contentType !== undefined) return contentType;
  return new Headers(headers).has("content-type") ? undefined : plan.contentType;
}

function headersFor(
  given: ResponseInit["headers"],
  filename: string | undefined,
  inline: boolean,
): Headers {
  const headers = new Headers(given);
  if (filename !== undefined || inline) {
    headers.set(
      "content-disposition",
      contentDisposition(filename, inline ? "inline" : "attachment"),
    );
  }
  // What was exported for one visitor is not for the next, and is stale tomorrow.
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return headers;
}
