import { createHash, type Hash } from "node:crypto";

import { ResponseStream, type StreamSettings } from "../response/stream.ts";
import { StreamResponse, takeStream } from "../response/stream-response.ts";
import { chooseCoding } from "./accept-encoding.ts";
import { CodingSink } from "./coding-sink.ts";
import { available, createCoder, type CodingName } from "./codings.ts";
import { isCompressible } from "./compressible.ts";
import { codedHeaders, withVary } from "./headers.ts";
import { checkCompressOptions, MINIMUM_SIZE, type CompressOptions } from "./options.ts";

/** As much of a request as {@link compress} looks at: a web `Request` has it, and so has a request of `node:http`. */
export interface CompressRequest {
  readonly headers: Headers | { readonly [name: string]: string | readonly string[] | undefined };
}

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
  request: CompressRequest,
  options: CompressOptions = {},
): Response {
  checkCompressOptions(options, "compress");
  if (!isCandidate(response, options)) return response;
  const coding = codingFor(response, request, options);
  return coding === undefined ? withVary(response) : encodeWith(coding, response, options);
}

/** Whether the response may be compressed, if a request accepts that. */
export function isCandidate(response: Response, options: CompressOptions): boolean {
  const { minimumSize = MINIMUM_SIZE, types = isCompressible } = options;
  const { headers, status, body } = response;
  if (body === null || status === 206) return false;
  // Even an empty one: that is how an app says no to Django.
  if (headers.has("content-encoding") || headers.has("content-range")) return false;
  if (/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(headers.get("cache-control") ?? "")) return false;
  const length = headers.get("content-length");
  if (length !== null && Number(length) < minimumSize) return false;
  return types(headers.get("content-type") ?? "");
}

/** The coding that the request gets of those there are; undefined for none. */
export function codingFor(
  response: Response,
  { headers }: CompressRequest,
  { codings = defaultsFor(response) }: CompressOptions,
): CodingName | undefined {
  const there = codings.filter((name) => available.includes(name));
  const accepted = isHeaders(headers) ? headers.get("accept-encoding") : headers["accept-encoding"];
  return chooseCoding(accepted?.toString(), there); // Node joins what comes more than once
}

/** Not by `instanceof`: frameworks bring `Headers` of their own. */
function isHeaders(headers: CompressRequest["headers"]): headers is Headers {
  return typeof (headers as Partial<Headers>).get === "function"; // of the others, no field is a function
}

function defaultsFor({ headers }: Response): readonly CodingName[] {
  const isOftenQuiet = /^text\/(?:html|event-stream)\b/i.test(headers.get("content-type") ?? "");
  return isOftenQuiet ? ["gzip", "zstd", "br"] : ["zstd", "br", "gzip"];
}

/** The response in this coding. */
export function encodeWith(
  coding: CodingName,
  response: Response,
  options: CompressOptions,
): Response {
  const length = response.headers.get("content-length");
  const declared = length === null ? undefined : Number(length);
  const stream = new ResponseStream(
    withCoding(takeStream(response), { coding, declared, ...options }),
  );
  const { status, statusText } = response;
  const headers = codedHeaders(response, coding);
  return new StreamResponse(stream, { status, statusText, headers, ...codedAlready });
}

/** Without it workerd codes the body once more, where others know no such property. */
const codedAlready = { encodeBody: "manual" };

interface Plan extends CompressOptions {
  readonly coding: CodingName;
  /** The Content-Length of the plain bytes, if there is one. */
  readonly declared: number | undefined;
}

function withCoding(
  settings: StreamSettings,
  { coding, declared, levels = {}, randomBytes = 100 }: Plan,
): StreamSettings {
  const trailers = { ...settings.trailers };
  let hash: Hash | undefined;
  // RFC 9530 2 and 3: both are of the content in its coding.
  const digests = Object.keys(trailers).filter((name) => /^(?:content|repr)-digest$/i.test(name));
  let digest: string | undefined;
  const ofTheCoded = () => (digest ??= `sha-256=:${hash?.digest("base64")}:`);
  for (const name of digests) trailers[name] = ofTheCoded;
  return {
    ...settings,
    trailers: settings.trailers && trailers,
    coding(sink) {
      if (digests.length > 0) hash = createHash("sha256");
      return new CodingSink(sink, {
        createCoder: (client) => createCoder(coding, levels, randomBytes, client),
        declared,
        hash,
      });
    },
  };
}
