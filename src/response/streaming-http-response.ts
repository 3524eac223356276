import { captureContext } from "./context.ts";
import { MillraceError } from "./errors.ts";
import { heartbeatFor } from "./heartbeat.ts";
import { checkLimits, type ResponseLimits } from "./limits.ts";
import { checkMilliseconds, checkOptionNames } from "./options.ts";
import type { StreamOutcome } from "./outcome.ts";
import { checkSource, isPromise, type Source } from "./source.ts";
import { ResponseStream, type Trailers } from "./stream.ts";
import { StreamResponse } from "./stream-response.ts";

/** Options of {@link StreamingHttpResponse}: those of a web `Response`, and what a stream needs besides. */
export interface StreamingHttpResponseInit extends ResponseInit {
  /** The Content-Type header. Default `text/html; charset=utf-8`. */
  contentType?: string | undefined;
  /** How long this response may take. Default: no limits but the host's. */
  limits?: ResponseLimits | undefined;
  /**
   * Sends bytes that mean nothing in the content type after this many ms of silence, so that proxies with an idle limit
   * keep the stream open. For text/event-stream, text/html and JSON. Default `false`: none.
   */
  heartbeat?: number | false | undefined;
  /**
   * Fields that are sent after the body, where the protocol carries them (HTTP/2, and HTTP/1.1 without a Content-Length): each
   * function is called when the source has ended (RFC 9110 6.5). Readers may ignore them, and browsers do. Default: none.
   */
  trailers?: Trailers | undefined;
  /** Called once when the response is over, however it ended, also when it was never started. */
  onClose?: ((outcome: StreamOutcome) => void) | undefined;
}

const optionNames = [
  "status",
  "statusText",
  "headers",
  "contentType",
  "limits",
  "heartbeat",
  "trailers",
  "onClose",
];

/**
 * A web-standard `Response` whose body is what `source` yields, each chunk on its way as soon as it is ready.
 *
 * It describes a stream and starts nothing: the source is called on the first read, once. A function is called with
 * `{ signal }`, which aborts when nobody waits for the rest any more; pass it on to whatever the source awaits.
 *
 * Strings are sent as UTF-8, bytes as they are. Whatever happens, the stream ends in one {@link StreamOutcome}, and only
 * `complete` looks complete to the client.
 *
 * @throws MillraceError `SOURCE_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`, `HEARTBEAT_UNSUPPORTED`
 * @example
 * new StreamingHttpResponse(async function* ({ signal }) {
 *   for await (const row of query("SELECT …", { signal })) yield `${row.name}\n`;
 * }, { contentType: "text/plain; charset=utf-8" });
 */
export class StreamingHttpResponse extends StreamResponse {
  constructor(source: Source, init: StreamingHttpResponseInit = {}) {
    checkSource(source);
    checkInit(init);
    const headers = createHeaders(init);
    const contentType = headers.get("content-type") ?? "";
    const stream = new ResponseStream({
      source: isPromise(source) ? watched(source) : source,
      context: captureContext(),
      limits: init.limits,
      heartbeat: init.heartbeat
        ? { interval: init.heartbeat, bytes: heartbeatFor(contentType) }
        : undefined,
      bytesOnly: foreignCharset(contentType),
      trailers: init.trailers,
      onClose: init.onClose,
    });
    const { status = 200, statusText } = init;
    // An empty reason phrase is sent as an empty one by workerd; left out, it is the standard one everywhere.
    super(stream, statusText === undefined ? { status, headers } : { status, statusText, headers });
  }
}

function checkInit(init: StreamingHttpResponseInit): void {
  checkOptionNames(init, optionNames, "StreamingHttpResponse");
  if (init.limits !== undefined) checkLimits(init.limits, "limits");
  checkMilliseconds(init.heartbeat, "heartbeat");
  if (init.onClose !== undefined && typeof init.onClose !== "function") {
    throw new MillraceError("OPTION_INVALID", "onClose takes a function of the outcome.");
  }
  if (init.trailers !== undefined) checkTrailers(init.trailers);
}

/** Fields that decide how the message is read are of no use after it (RFC 9110 6.5.1). */
const neverTrailers =
  /^(?:authorization|cache-control|connection|content-(?:encoding|length|range|type)|host|set-cookie|te|trailer|transfer-encoding)$/i;

function checkTrailers(trailers: Trailers): void {
  for (const [name, value] of Object.entries(trailers)) {
    if (
      typeof value !== "function" ||
      neverTrailers.test(name) ||
      !/^[\w!#$%&'*+.^`|~-]+$/.test(name)
    ) {
      throw new MillraceError(
        "OPTION_INVALID",
        `trailers cannot have ${JSON.stringify(name)}: each is the name of a field that may come after the body, with a function that returns its value.`,
      );
    }
  }
}

function createHeaders({ headers: given, contentType }: StreamingHttpResponseInit): Headers {
  const headers = new Headers(given);
  if (contentType !== undefined && headers.has("content-type")) {
    throw new MillraceError(
      "OPTION_INVALID",
      "The content type is given twice, as `contentType` and in `headers`. Give it once.",
    );
  }
  setDefault(headers, "content-type", contentType ?? "text/html; charset=utf-8");
  setDefault(headers, "x-content-type-options", "nosniff");
  setDefault(headers, "x-accel-buffering", "no"); // nginx and its relatives pass each chunk on at once
  return headers;
}

function setDefault(headers: Headers, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}

/** The charset of a content type in which strings cannot be sent as UTF-8; undefined when they can. */
function foreignCharset(contentType: string): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1]?.toLowerCase();
  return charset === undefined || /^utf-?8$/.test(charset) ? undefined : charset;
}

/** A promise that nobody may ever await must not end the process when it is rejected. */
function watched<T>(promise: PromiseLike<T>): PromiseLike<T> {
  if (promise instanceof Promise) promise.catch(() => {}); // the `then` of other kinds may start something
  return promise;
}
