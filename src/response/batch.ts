import { MillraceError } from "./errors.ts";
import { describe } from "./source.ts";

/**
 * A batch is full at this many bytes (for text: UTF-16 units). Larger batches gain nothing more per chunk, and 64 KiB is
 * what a socket, an HTTP/2 stream and a web stream each take without complaint.
 */
const FULL: number = 64 * 1024;

const encoder = new TextEncoder();

/**
 * Collects chunks until it is worth writing them. Text is joined as text and encoded once, which costs a tenth of
 * encoding each row. Small byte chunks are copied, so a source may refill one buffer; large ones pass untouched.
 *
 * Between two `take()` calls that empty it, a batch never holds more than `FULL` and one chunk.
 */
export class Batch {
  #text = "";
  /** Bytes that come before `#text`. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;

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
   * surrogate pair at the end of the text waits for its other half, unless `final`.
   */
  take(final: boolean): Uint8Array | undefined {
    if (this.#parts.length === 0) return this.#takeText(final);
    const text = this.#takeText(final);
    if (text !== undefined) this.#push(text);
    return this.#takeBytes();
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
    this.#push(chunk.byteLength < FULL ? new Uint8Array(chunk) : chunk);
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#partBytes += bytes.byteLength;
  }

  #takeBytes(): Uint8Array {
    const first = this.#parts[0] as Uint8Array; // the caller has looked
    if (first.byteLength > FULL) {
      this.#parts[0] = first.subarray(FULL);
      this.#partBytes -= FULL;
      return first.subarray(0, FULL);
    }
    const joined = this.#join();
    this.#partBytes -= joined.byteLength;
    return joined;
  }

  /** Joins as many of the first parts as fit into one write. */
  #join(): Uint8Array {
    let count = 0;
    let size = 0;
    for (const part of this.#parts) {
      if (count > 0 && size + part.byteLength > FULL) break;
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
