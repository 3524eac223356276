import type { Context } from "./context.ts";
import { MillraceError } from "./errors.ts";
import type { ResponseLimits } from "./limits.ts";
import type { StreamOutcome } from "./outcome.ts";
import type { Sink } from "./sink.ts";
import { destroyStream, isNodeStream, isPromise, type Source } from "./source.ts";
import { textOf, warn } from "./warn.ts";

/** What a response says about its stream; nothing runs yet. */
export interface StreamSettings {
  readonly source: Source;
  /** Where the response was made; the source runs there too. */
  readonly context?: Context | undefined;
  readonly limits?: ResponseLimits | undefined;
  readonly heartbeat?: { readonly interval: number; readonly bytes: Uint8Array } | undefined;
  /** Strings are sent as UTF-8, so a response that declares another charset takes bytes only. */
  readonly bytesOnly?: string | undefined;
  /** Whether a body that is whole at its first write gets a Content-Length. */
  readonly measure?: boolean | undefined;
  /** Sent after the body where the protocol carries them. */
  readonly trailers?: Trailers | undefined;
  /** Puts a content coding (RFC 9110 8.4.1) in front of the sink. */
  readonly coding?: ((sink: Sink) => Sink) | undefined;
  readonly onClose?: ((outcome: StreamOutcome) => void) | undefined;
}

/** Names of trailer fields, and functions that give their values when the source has ended. */
export type Trailers = Readonly<Record<string, () => string>>;

/** A stream that can be taken once: by the portable body or by our Node server, whichever reads first. */
export class ResponseStream {
  readonly #settings: StreamSettings;
  #taken = false;

  constructor(settings: StreamSettings) {
    this.#settings = settings;
  }

  /**
   * Hands out the settings for the one run there is.
   *
   * @throws MillraceError `SOURCE_USED` the second time.
   */
  take(): StreamSettings {
    if (this.#taken) {
      throw new MillraceError(
        "SOURCE_USED",
        "This response was read or sent before, and its source runs only once. Create a response for each request.",
      );
    }
    this.#taken = true;
    return this.#settings;
  }

  get taken(): boolean {
    return this.#taken;
  }
}

/** Closes a stream that will never be read: a generator that was made is closed, a function is never called. */
export function releaseUnread(settings: StreamSettings, outcome: StreamOutcome): void {
  const { source } = settings;
  if (typeof source !== "function") void closeUnread(source);
  reportOutcome(settings, outcome);
}

/** Calls `onClose`, whose own mistakes must not reach the connection. */
export function reportOutcome(settings: StreamSettings, outcome: StreamOutcome): void {
  try {
    const returned: unknown = settings.onClose?.(outcome);
    if (returned instanceof Promise) returned.catch(warnOfOnClose);
  } catch (error) {
    warnOfOnClose(error);
  }
}

function warnOfOnClose(error: unknown): void {
  warn("ON_CLOSE_THREW", `onClose threw: ${textOf(error)}. The response itself is not affected.`);
}

export async function closeUnread(
  source: Exclude<Source, (...parameters: never) => unknown>,
): Promise<void> {
  if (isPromise(source) && !(source instanceof Promise)) return; // a query that nobody has started
  try {
    const stream: object & { return?: () => unknown; cancel?: () => unknown } = await source;
    if (isNodeStream(stream)) destroyStream(stream);
    else await (stream.cancel ?? stream.return)?.call(stream);
  } catch {
    // A source that nobody reads has nobody to tell.
  }
}
