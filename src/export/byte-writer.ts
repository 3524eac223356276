import { FULL } from "../response/batch.ts";

/** A first buffer: enough for what is alone. It grows with what is written, so that quiet exports hold little. */
const SMALL = 4 * 1024;
/** Room for a full chunk and the row that crosses its end. */
const LARGE: number = FULL + 4 * 1024;

/** Up to this many characters, a loop over them costs less than a call into the runtime (15 to 20 on Node 24 and 26). */
export const SHORT = 16;

const nothing = Buffer.alloc(0);

/**
 * Writes text and numbers as UTF-8, and hands the bytes out in chunks of 64 KiB, or less when they are asked for sooner. What
 * was handed out is not touched again.
 */
export class ByteWriter {
  /** For loops that write bytes in place; good until the next call of `reserve`, `text` or `take`. */
  buffer: Buffer = nothing;
  /** Where the next byte goes. What is behind it may be taken back by setting it. */
  position = 0;
  /** How large the next buffer will be. */
  #capacity = SMALL;

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    if (this.position + count > this.buffer.length) this.#grow(count);
  }

  /** Appends one byte, for which there must be room. */
  byte(value: number): void {
    this.buffer[this.position++] = value;
  }

  /** Appends text; halves of surrogate pairs that are alone become U+FFFD. */
  text(value: string): void {
    const { length } = value;
    // Three bytes are the most that a UTF-16 unit takes; the real size is asked for where that would not fit.
    if (this.position + 3 * length > this.buffer.length) this.reserve(Buffer.byteLength(value));
    if (length > SHORT) {
      this.position += this.buffer.write(value, this.position);
      return;
    }
    const { buffer } = this;
    let { position } = this;
    for (let index = 0; index < length; index++) {
      const unit = value.charCodeAt(index);
      if (unit >= 0x80) {
        this.position += buffer.write(value, this.position);
        return;
      }
      buffer[position++] = unit;
    }
    this.position = position;
  }

  /** Appends a number as `String()` has it. */
  number(value: number): void {
    this.reserve(32);
    if ((value | 0) === value) return this.#integer(value);
    // Prices and the like. A decimal of up to 15 digits is the shortest that reads as its number, so this is what String() finds.
    const hundredfold = Math.round(value * 100);
    if (hundredfold / 100 === value && (hundredfold | 0) === hundredfold) {
      return this.#hundredths(hundredfold);
    }
    this.text(String(value));
  }

  /**
   * Removes and returns what there is, but of more than 64 KiB only whole multiples of that: the pump passes those on without
   * a copy.
   */
  take(): Uint8Array | undefined {
    const { buffer, position } = this;
    if (position === 0) return undefined;
    const length = position < FULL ? position : position - (position % FULL);
    this.#capacity = Math.min(LARGE, Math.max(SMALL, 2 * length));
    this.buffer = nothing;
    this.position = 0;
    if (position > length) {
      this.reserve(position - length);
      this.position = buffer.copy(this.buffer, 0, length, position);
    }
    return buffer.subarray(0, length);
  }

  #grow(count: number): void {
    const { buffer, position } = this;
    const needed = position + count;
    const doubled = needed > LARGE ? 2 * buffer.length : Math.min(2 * buffer.length, LARGE);
    this.buffer = Buffer.allocUnsafeSlow(Math.max(this.#capacity, needed, doubled));
    buffer.copy(this.buffer, 0, 0, position);
  }

  #integer(value: number): void {
    const { buffer } = this;
    let { position } = this;
    let rest = value | 0;
    if (rest < 0) {
      if (rest === -0x8000_0000) return this.text(String(rest));
      buffer[position++] = 0x2d;
      rest = -rest | 0;
    }
    position += digitsOf(rest);
    this.position = position;
    while (rest >= 10) {
      const tenth = (rest / 10) | 0;
      buffer[--position] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
    buffer[--position] = 0x30 + rest;
  }

  #hundredths(value: number): void {
    if (value < 0) this.byte(0x2d);
    const magnitude = Math.abs(value);
    const whole = Math.floor(magnitude / 100);
    this.#integer(whole);
    const fraction = magnitude - whole * 100;
    const tenths = Math.floor(fraction / 10);
    this.byte(0x2e);
    this.byte(0x30 + tenths);
    if (fraction > tenths * 10) this.byte(0x30 + fraction - tenths * 10);
  }
}

function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return value < 1_000_000_000 ? 9 : 10;
}
