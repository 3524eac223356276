import { randomUUID } from "node:crypto";

import type { Content } from "./content.ts";
import { contentRange, type ByteRange } from "./ranges.ts";

/** Several parts of a file in one body. */
export interface Multipart {
  readonly contentType: string;
  readonly length: number;
  readonly read: () => AsyncGenerator<Uint8Array, void, void>;
}

/** Puts several ranges of a file into one body (multipart/byteranges, RFC 9110 14.6). */
export function joinParts(
  content: Content,
  ranges: readonly ByteRange[],
  contentType: string,
  size: number,
): Multipart {
  const boundary = randomUUID();
  const parts = ranges.map((range) => ({
    ...range,
    head: Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
      "latin1",
    ),
  }));
  const last = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    length: parts.reduce(
      (sum, { head, start, end }) => sum + head.length + end - start,
      last.length,
    ),
    async *read() {
      for (const { head, start, end } of parts) {
        yield head;
        yield* content.read(start, end);
      }
      yield last;
    },
  };
}
