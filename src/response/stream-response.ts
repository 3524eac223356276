import { streamBody } from "./body.ts";
import { MillraceError } from "./errors.ts";
import type { ResponseStream, StreamSettings } from "./stream.ts";

/** Statuses whose responses have no body (Fetch, null body status). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** The stream behind a response of ours; undefined for any other response. */
export let streamOf: (response: Response) => ResponseStream | undefined;

/** A `Response` that remembers its stream, so that whoever knows us can run it without the detour over the web stream. */
export class StreamResponse extends Response {
  readonly #stream: ResponseStream;
  readonly #body: ReadableStream | null;

  static {
    streamOf = (response) => {
      // After `clone()` the body is one branch of a tee; running the source aside would starve the other.
      if (!(#stream in response) || response.body !== response.#body) return undefined;
      return response.#stream;
    };
  }

  constructor(stream: ResponseStream, head: ResponseInit & { status: number }) {
    super(bodiless.has(head.status) ? null : streamBody(stream), head);
    this.#stream = stream;
    this.#body = this.body;
  }
}

/**
 * Takes the stream of any response: of ours without the detour over a web stream, of any other through its `body`.
 *
 * @throws MillraceError `SOURCE_USED`
 */
export function takeStream(response: Response): StreamSettings {
  const own = streamOf(response);
  if (own !== undefined) return own.take();
  if (response.bodyUsed || response.body?.locked === true) {
    throw new MillraceError(
      "SOURCE_USED",
      "The body of this response was read or sent before. Create a response for each request.",
    );
  }
  return { source: response.body ?? [], measure: true };
}
