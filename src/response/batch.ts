import { MillraceError } from "./errors.ts";
import { describe } from "./source.ts";

/**
 * A batch is full at this many bytes (for text: UTF-16 units). Larger batches gain nothing more per chunk, and 64 KiB is
 * what a socket, an HTTP/2 stream and a web stream each take without complaint.
 */
export const FULL: number = 64 * 1024;

/** Up to this many UTF-16 units, encoding text apart from writing it costs more than the copy that it saves. */
const SHORT = 4 * 1024;

const encoder = new TextEncoder();

/**
 * Collects chunks until it is worth writing them. Text is joined as text and encoded once, which costs a tenth of
 * encoding each row. A source may refill one buffer: small chunks are copied when they come, a large one piece by piece as
 * it leaves, unless all of a piece has left before the source is asked for more.
 *
 * A batch that is not full leaves whole with one `take()`. It never holds more than `FULL` and one chunk.
 */
export class Batch {
  /** Whether whoever gets the bytes may still hold them when the source goes on. */
  readonly #readerKeeps: boolean;
  readonly #takesText: boolean;
  #text = "";
  /** Bytes that come before `#text`. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** Bytes of the last part while it is still the source's own buffer; 0 when all is ours. */
  #borrowed = 0;

  constructor(readerKeeps: boolean, takesText: boolean) {
    this.#readerKeeps = readerKeeps;
    this.#takesText = takesText;
  }

  /** Whether it is time to write before more is added. */
  get full(): boolean {
    return this.#text.length + this.#partBytes >= FULL;
  }

  /**
   * Adds one chunk; `index` is its position in the stream, for the error.
   *
   * @throws MillraceError `CHUNK_INVALID`
   */
  add(chunk: unknown, index: number): void {
    if (typeof chunk === "string") {
      this.#text += chunk;
    } else if (isBytes(chunk)) {
      this.#addBytes(chunk);
    } else {
      throw invalidChunk(chunk, index);
    }
  }

  /**
   * Removes and returns what can be written now, at most about `FULL` bytes; undefined when there is nothing. Half a
   * surrogate pair at the end of the text waits for its other half, unless `final`. Short text leaves as it is if the reader
   * takes text.
   */
  take(final: boolean): Uint8Array | string | undefined {
    if (this.#parts.length === 0) return this.#takeShort() ?? this.#takeText(final);
    const most = this.full ? FULL : Infinity; // text may be thrice as long in UTF-8
    const text = this.#takeText(final);
    if (text !== undefined) this.#push(text);
    return this.#takeBytes(most);
  }

  #takeShort(): string | undefined {
    const text = this.#text;
    if (!this.#takesText || text === "" || text.length > SHORT) return undefined;
    if (isHighSurrogate(text.charCodeAt(text.length - 1))) return undefined;
    this.#text = "";
    return text;
  }

  #takeText(final: boolean): Uint8Array | undefined {
    const text = this.#text;
    if (text === "") return undefined;
    let end = Math.min(text.length, FULL);
    const cut = end < text.length || !final;
    if (cut && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    if (end === 0) return undefined;
    this.#text = text.slice(end);
    return encoder.encode(end === text.length ? text : text.slice(0, end));
  }

  #addBytes(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    if (this.#text !== "") {
      const text = encoder.encode(this.#text); // a lone half of a pair before bytes stays alone: U+FFFD
      this.#text = "";
      this.#push(text);
    }
    if (chunk.byteLength >= FULL) this.#borrowed = chunk.byteLength;
    this.#push(this.#borrowed > 0 ? chunk : new Uint8Array(chunk));
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#partBytes += bytes.byteLength;
  }

  #takeBytes(most: number): Uint8Array {
    const first = this.#parts[0] as Uint8Array; // the caller has looked
    if (this.#borrowed > 0 && this.#parts.length === 1) return this.#takeBorrowed(first);
    if (first.byteLength > most) {
      this.#parts[0] = first.subarray(FULL);
      this.#partBytes -= FULL;
      return first.subarray(0, FULL);
    }
    const joined = this.#join(most);
    this.#partBytes -= joined.byteLength;
    return joined;
  }

  /** Takes the next piece. What is less than a full batch then is copied: the source will run before it leaves. */
  #takeBorrowed(chunk: Uint8Array): Uint8Array {
    if (chunk.byteLength !== this.#borrowed) {
      throw new MillraceError(
        "CHUNK_INVALID",
        "A chunk lost its buffer before all of it had left: it was transferred or resized. Yield a copy.",
      );
    }
    const rest = chunk.subarray(FULL);
    this.#borrowed = rest.byteLength < FULL ? 0 : rest.byteLength;
    this.#parts = rest.byteLength === 0 ? [] : [this.#borrowed > 0 ? rest : new Uint8Array(rest)];
    this.#partBytes -= FULL;
    const piece = chunk.subarray(0, FULL);
    return this.#readerKeeps ? new Uint8Array(piece) : piece;
  }

  /** Joins as many of the first parts as fit into `most`. */
  #join(most: number): Uint8Array {
    let count = 0;
    let size = 0;
    for (const part of this.#parts) {
      if (count > 0 && size + part.byteLength > most) break;
      size += part.byteLength;
      count += 1;
    }
    const parts = this.#parts.splice(0, count);
    if (parts.length === 1) return parts[0] as Uint8Array; // its length was just looked at
    const joined = new Uint8Array(size);
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.byteLength;
    }
    return joined;
  }
}

function invalidChunk(chunk: unknown, index: number): MillraceError {
  if (chunk instanceof Promise) chunk.catch(() => {}); // it is not awaited any more, and may well be rejected
  const hint =
    typeof (chunk as PromiseLike<unknown> | null | undefined)?.then === "function"
      ? "Use an async generator, or await it before the yield."
      : "Yield strings or Uint8Arrays: format other values first.";
  return new MillraceError(
    "CHUNK_INVALID",
    `Chunk ${index} of the stream (counted from 0) is ${describe(chunk)}. ${hint}`,
  );
}

function isBytes(chunk: unknown): chunk is Uint8Array {
  if (chunk instanceof Uint8Array) return true;
  // A Uint8Array of another realm (node:vm, as test runners use it) is no instance of ours.
  return (
    ArrayBuffer.isView(chunk) && Object.prototype.toString.call(chunk) === "[object Uint8Array]"
  );
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
