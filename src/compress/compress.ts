import { createHash, type Hash } from "node:crypto";

import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import { ResponseStream, type StreamSettings } from "../response/stream.ts";
import { StreamResponse, takeStream } from "../response/stream-response.ts";
import { chooseCoding } from "./accept-encoding.ts";
import { CodingSink } from "./coding-sink.ts";
import {
  available,
  createCoder,
  levelRanges,
  type CodingLevels,
  type CodingName,
} from "./codings.ts";
import { isCompressible } from "./compressible.ts";

/** Options of {@link compress} and of `withCompression`. */
export interface CompressOptions {
  /**
   * The codings to offer; where a client likes several equally, the first one wins. Default: `["zstd", "br", "gzip"]`, and
   * `["gzip", "zstd", "br"]` for HTML and events, whose streams are often quiet and cost 14 KiB with gzip instead of 150 and more.
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

const optionNames = ["codings", "levels", "minimumSize", "types", "randomBytes"];

/**
 * Compresses a response as far as its request accepts it, and returns the one to send instead; the response given is then used up.
 * What cannot or should not be compressed is returned as it is.
 *
 * Whatever the source has yielded when it waits reaches the client at once: the compressor is flushed then, and only then. A stream
 * that fails never ends as a whole one, and memory is given back in every outcome.
 *
 * @throws MillraceError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SOURCE_USED`
 * @example
 * return compress(new StreamingHttpResponse(rows, { contentType: "text/csv" }), request);
 */
export function compress(
  response: Response,
  request: Request,
  options: CompressOptions = {},
): Response {
  checkCompressOptions(options, "compress");
  return compressChecked(response, request.headers.get("accept-encoding"), options);
}

/** As {@link compress}, for callers that have checked. */
export function compressChecked(
  response: Response,
  acceptEncoding: string | null,
  options: CompressOptions,
): Response {
  if (!isCandidate(response, options)) return response;
  const coding = chooseCoding(acceptEncoding, codingsFor(response, options));
  if (coding === undefined) return withVary(response);
  const stream = new ResponseStream(withCoding(takeStream(response), coding, options));
  const { status, statusText } = response;
  return new StreamResponse(stream, {
    status,
    statusText,
    headers: codedHeaders(response, coding),
  });
}

/** Whether the response will be compressed, unless it turns out to be too short. */
export function isCompressed(
  response: Response,
  acceptEncoding: string | null,
  options: CompressOptions,
): boolean {
  if (!isCandidate(response, options)) return false;
  return chooseCoding(acceptEncoding, codingsFor(response, options)) !== undefined;
}

/** Throws on unknown names and impossible values. */
export function checkCompressOptions(options: CompressOptions, where: string): void {
  checkOptionNames(options, optionNames, where);
  const { codings, levels = {}, minimumSize, types, randomBytes } = options;
  for (const name of codings ?? []) {
    if (!(name in levelRanges)) throw invalid("codings", name, "takes gzip, br and zstd");
  }
  checkOptionNames(levels, Object.keys(levelRanges), "levels");
  for (const [name, [least, most]] of Object.entries(levelRanges)) {
    const level = levels[name as CodingName]; // the keys of the table
    if (level === undefined || (Number.isInteger(level) && level >= least && level <= most))
      continue;
    throw invalid(`levels.${name}`, level, `takes an integer from ${least} to ${most}`);
  }
  if (minimumSize !== undefined && !(minimumSize >= 0)) {
    throw invalid("minimumSize", minimumSize, "takes a number of bytes");
  }
  if (randomBytes !== undefined && !(Number.isInteger(randomBytes) && randomBytes >= 0)) {
    throw invalid("randomBytes", randomBytes, "takes a number of bytes, 0 for none");
  }
  if (types !== undefined && typeof types !== "function") {
    throw invalid("types", types, "takes a function of the Content-Type");
  }
}

function invalid(option: string, value: unknown, takes: string): MillraceError {
  return new MillraceError("OPTION_INVALID", `${option} is ${String(value)}; it ${takes}.`);
}

/** Whether another request might get this response compressed. */
function isCandidate(response: Response, options: CompressOptions): boolean {
  const { minimumSize = MINIMUM_SIZE, types = isCompressible } = options;
  const { headers, status, body } = response;
  if (body === null || status === 204 || status === 205 || status === 206 || status === 304)
    return false;
  // Even an empty one: that is how an app says no to Django.
  if (headers.has("content-encoding") || headers.has("content-range")) return false;
  if (/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(headers.get("cache-control") ?? "")) return false;
  const length = headers.get("content-length");
  if (length !== null && Number(length) < minimumSize) return false;
  return types(headers.get("content-type") ?? "");
}

function codingsFor(response: Response, { codings }: CompressOptions): readonly CodingName[] {
  if (codings !== undefined) return codings.filter((name) => available.includes(name));
  const isOftenQuiet = /^text\/(?:html|event-stream)\b/i.test(
    response.headers.get("content-type") ?? "",
  );
  return isOftenQuiet ? available.toSorted(gzipFirst) : available;
}

const gzipFirst = (one: CodingName, other: CodingName) =>
  Number(other === "gzip") - Number(one === "gzip");

function withCoding(
  settings: StreamSettings,
  coding: CodingName,
  { levels = {}, randomBytes = 100 }: CompressOptions,
): StreamSettings {
  let hash: Hash | undefined;
  const digest = Object.keys(settings.trailers ?? {}).find((name) =>
    /^content-digest$/i.test(name),
  );
  const ofTheCoded = () => `sha-256=:${hash?.digest("base64")}:`; // RFC 9530 2: of the content as it is sent
  return {
    ...settings,
    trailers:
      digest === undefined ? settings.trailers : { ...settings.trailers, [digest]: ofTheCoded },
    coding(sink) {
      if (digest !== undefined) hash = createHash("sha256");
      return new CodingSink(
        sink,
        (client) => createCoder(coding, levels, randomBytes, client),
        hash,
      );
    },
  };
}

function codedHeaders(response: Response, coding: CodingName): Headers {
  const headers = new Headers(response.headers);
  headers.set("content-encoding", coding);
  addVary(headers);
  // All of these are about the bytes as they were.
  for (const name of [
    "accept-ranges",
    "content-digest",
    "content-length",
    "content-md5",
    "digest",
  ]) {
    headers.delete(name);
  }
  const etag = headers.get("etag");
  if (etag?.startsWith('"')) headers.set("etag", `W/${etag}`); // RFC 9110 8.8.3.3: not the same bytes any more
  return headers;
}

/** Caches must not give this response to a client that would get another one. */
function withVary(response: Response): Response {
  try {
    addVary(response.headers);
    return response;
  } catch {
    // What `fetch` returned has headers that nobody can change.
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    addVary(headers);
    return new Response(response.body, { status, statusText, headers });
  }
}

function addVary(headers: Headers): void {
  const vary = headers.get("vary") ?? "";
  if (!/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(vary))
    headers.append("vary", "Accept-Encoding");
}
