import { MillraceError } from "../response/errors.ts";
import { streamOf } from "../response/stream-response.ts";
import { codingFor, encodeWith, isCandidate } from "./compress.ts";
import { withVary } from "./headers.ts";
import { checkCompressOptions, MINIMUM_SIZE, type CompressOptions } from "./options.ts";
import { peekBody } from "./peek-body.ts";

/** An app: a function from request to response, and whatever else its host passes. */
export type FetchFunction<Rest extends unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * An app whose responses are compressed as far as each request accepts it: around a function, or an object with a `fetch` method such
 * as a Hono or h3 app. Responses that are whole already and shorter than `minimumSize` stay as they are.
 *
 * @throws MillraceError `APP_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`
 * @example
 * export default withCompression({ fetch: () => new StreamingHttpResponse(rows) });
 */
export function withCompression<Rest extends unknown[]>(
  app: FetchFunction<Rest>,
  options?: CompressOptions,
): FetchFunction<Rest>;
export function withCompression<Rest extends unknown[]>(
  app: { fetch: FetchFunction<Rest> },
  options?: CompressOptions,
): { fetch: FetchFunction<Rest> };
export function withCompression<Rest extends unknown[]>(
  app: FetchFunction<Rest> | { fetch: FetchFunction<Rest> },
  options: CompressOptions = {},
): FetchFunction<Rest> | { fetch: FetchFunction<Rest> } {
  checkCompressOptions(options, "withCompression");
  const isFunction = typeof app === "function";
  if (!isFunction && typeof app?.fetch !== "function") {
    throw new MillraceError(
      "APP_INVALID",
      "withCompression takes a function from Request to Response, or an object with such a `fetch`.",
    );
  }
  const call: FetchFunction<Rest> = isFunction ? app : app.fetch.bind(app);
  const fetch = async (request: Request, ...rest: Rest) =>
    compressFrom(await call(request, ...rest), request, options);
  return isFunction ? fetch : { fetch };
}

async function compressFrom(
  response: Response,
  request: Request,
  options: CompressOptions,
): Promise<Response> {
  // For the host to complain about. `instanceof` would not know all: frameworks replace the global `Response` by their own.
  if (typeof response?.headers?.get !== "function") return response;
  if (!isCandidate(response, options)) return response;
  const coding = codingFor(response, request, options);
  if (coding === undefined) return withVary(response);
  // What is not ours may be whole already. For HEAD nothing is read.
  const peeks = streamOf(response) === undefined && request.method !== "HEAD";
  const looked = peeks ? await peekBody(response, options.minimumSize ?? MINIMUM_SIZE) : response;
  return isCandidate(looked, options) ? encodeWith(coding, looked, options) : looked; // too short after all
}
