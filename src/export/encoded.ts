import { MillraceError } from "../response/errors.ts";

/** Marks a stream whose bytes are a format already, and says which. */
export const encodedAs: unique symbol = Symbol("encodedAs");

/** Rows that arrive in the format they shall leave in, as those of PostgreSQL's COPY do: they are passed on as they are. */
export interface EncodedStream extends AsyncIterable<Uint8Array> {
  readonly [encodedAs]: "csv";
  /** Rows that have been seen so far. */
  readonly rows: number;
}

/**
 * Throws for rows that are CSV already where another format shall be made of them.
 *
 * @throws MillraceError `ROWS_INVALID`
 */
export function checkNotEncoded(rows: unknown): void {
  if (!isEncoded(rows)) return;
  throw new MillraceError(
    "ROWS_INVALID",
    "These rows are CSV already, and nothing else can be made of them. Send them with `csv`, or read them as rows.",
  );
}

export function isEncoded(rows: unknown): rows is EncodedStream {
  return typeof rows === "object" && rows !== null && encodedAs in rows;
}
