/**
 * Every error code of Millrace: the `name` the error carries, what happened, and what to do about it.
 * `docs/errors.md` is generated from this table.
 */
export const errorTable = {
  SOURCE_INVALID: {
    name: "TypeError",
    what: "The value given as the source of a stream is not something that yields chunks.",
    remedy:
      "Give an iterable, an async iterable, a ReadableStream, or a function that returns one. For a body that is whole already, use a plain `Response`.",
  },
  SOURCE_USED: {
    name: "TypeError",
    what: "The response has been read or sent before; its source runs only once.",
    remedy: "Create a new response for each request, with a function as its source.",
  },
  CHUNK_INVALID: {
    name: "TypeError",
    what: "The source yielded something that is neither a string nor a Uint8Array.",
    remedy: "Yield text or bytes: format numbers, dates and objects first, and await promises.",
  },
  OPTION_UNKNOWN: {
    name: "TypeError",
    what: "An option is not one that this function knows.",
    remedy: "The message lists the options there are; check the spelling.",
  },
  OPTION_INVALID: {
    name: "TypeError",
    what: "An option has a value outside what it takes.",
    remedy: "The message names the option, the value and what is accepted.",
  },
  HEARTBEAT_UNSUPPORTED: {
    name: "TypeError",
    what: "A heartbeat was asked for in a content type that has no bytes without a meaning.",
    remedy:
      "Heartbeats exist for text/event-stream, text/html and JSON. For other types, raise the idle limit of the proxy instead.",
  },
  LIMIT_FIRST_CHUNK: {
    name: "TimeoutError",
    what: "The source yielded nothing within the `firstChunk` limit.",
    remedy:
      "Make the source yield earlier, or raise the limit; heartbeats do not count as a chunk.",
  },
  LIMIT_IDLE: {
    name: "TimeoutError",
    what: "The source was silent for longer than the `idle` limit.",
    remedy: "Raise the limit where long silence is normal, or find what the source waits for.",
  },
  LIMIT_TOTAL: {
    name: "TimeoutError",
    what: "The response took longer than the `total` limit.",
    remedy: "Raise the limit for this response, or send less.",
  },
  LIMIT_STALLED: {
    name: "TimeoutError",
    what: "The reader took nothing for longer than the `stalled` limit while bytes were pending.",
    remedy: "Nothing to do for a client that vanished; raise the limit for clients that pause.",
  },
  CLIENT_LEFT: {
    name: "AbortError",
    what: "The client left before the stream was over.",
    remedy: "Nothing: this is the reason that the source's `signal` is aborted with.",
  },
  SERVER_CLOSING: {
    name: "AbortError",
    what: "The server closed and the stream did not finish within the drain time.",
    remedy: "Raise `drain`, or let clients reconnect to the next server.",
  },
  LENGTH_MISMATCH: {
    name: "Error",
    what: "The source yielded more or fewer bytes than the Content-Length header promised.",
    remedy: "Drop the header, or compute it from the same data.",
  },
  RESPONSE_SENT: {
    name: "Error",
    what: "The head of this node:http response has been sent already.",
    remedy: "Call `sendResponse` before anything else writes to the response, and only once.",
  },
  ROWS_INVALID: {
    name: "TypeError",
    what: "The value given as the rows of an export is not something that yields rows.",
    remedy:
      "Give an iterable or async iterable of arrays, of objects or of arrays of rows, or a function that returns one.",
  },
  ROW_INVALID: {
    name: "TypeError",
    what: "A row of an export cannot be written: it has more or fewer cells than there are columns, a key that no column has, or a value that the format cannot hold.",
    remedy:
      "The message names the row, counted from 1. Give every row the same columns, or list them in `columns`.",
  },
  PEER_MISSING: {
    name: "Error",
    what: "A database source needs something that this runtime does not have.",
    remedy: "The message names it.",
  },
  FILE_NOT_FOUND: {
    name: "Error",
    what: "The file that should be sent or read is not there, or is not a file.",
    remedy:
      "Answer with a 404 where the name comes from the request; `code` of the cause tells more.",
  },
  APP_INVALID: {
    name: "TypeError",
    what: "The app is neither a function nor an object with a `fetch` method.",
    remedy: "Export a function `(request) => response`, or `{ fetch(request) { … } }`.",
  },
  APP_RETURNED_NO_RESPONSE: {
    name: "TypeError",
    what: "The app returned something that is not a web `Response`.",
    remedy: "Return a `Response` or a `StreamingHttpResponse` for every request.",
  },
  APP_NOT_LOADED: {
    name: "Error",
    what: "The file that should export the app is missing or threw while loading.",
    remedy: "The message names the file and the cause; `--verbose` prints the whole stack.",
  },
  LISTEN_FAILED: {
    name: "Error",
    what: "The server could not listen on its address.",
    remedy: "Choose another port or host, or stop the program that holds it.",
  },
} as const;

/** The `code` of a {@link MillraceError}. */
export type ErrorCode = keyof typeof errorTable;

/**
 * The one error class of Millrace. Tell errors apart by `code`; `name` follows the platform's conventions, so that
 * `AbortError` and `TimeoutError` mean here what they mean for `fetch`.
 */
export class MillraceError extends Error {
  /** Which row of the error table this is. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = errorTable[code].name;
  }
}
