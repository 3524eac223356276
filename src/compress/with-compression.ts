import { MillraceError } from "../response/errors.ts";
import { streamOf } from "../response/stream-response.ts";
import {
  checkCompressOptions,
  compressChecked,
  isCompressed,
  MINIMUM_SIZE,
  type CompressOptions,
} from "./compress.ts";
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
  const fetch = async (request: Request, ...rest: Rest) => {
    const response = await call(request, ...rest);
    return compressFrom(response, request, options);
  };
  return isFunction ? fetch : { fetch };
}

async function compressFrom(
  response: Response,
  request: Request,
  options: CompressOptions,
): Promise<Response> {
  const acceptEncoding = request.headers.get("accept-encoding");
  if (!(response instanceof Response)) return response; // for the host to complain about
  const { minimumSize = MINIMUM_SIZE } = options;
  // What is not ours may be whole already. For HEAD nothing is read.
  const peeks = streamOf(response) === undefined && request.method !== "HEAD";
  const looked =
    peeks && isCompressed(response, acceptEncoding, options)
      ? await peekBody(response, minimumSize)
      : response;
  return compressChecked(looked, acceptEncoding, options);
}
