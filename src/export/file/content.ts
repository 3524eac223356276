/** Something that can be sent as a file. */
export interface Content {
  /** Bytes; undefined where only the end tells. */
  readonly size: number | undefined;
  readonly name?: string | undefined;
  /** An entity tag, quoted (RFC 9110 8.8.3). */
  readonly etag?: string | undefined;
  /** When it was last modified, in ms since 1970. */
  readonly modified?: number | undefined;
  /** Yields the bytes from `start` up to before `end`; all there are, where the size is not known. */
  read(start: number, end: number): FileBytes;
  /** Lets go of what was opened. May be called more than once, and while it is read. */
  close(): void;
}

export type FileBytes = readonly Uint8Array[] | AsyncIterable<Uint8Array>;
