import { describe } from "../../response/source.ts";
import { SHORT, type ByteWriter } from "../byte-writer.ts";
import { findUnwritable, jsonText } from "../json-text.ts";
import type { Dialect } from "./dialect.ts";
import { writeIsoDate } from "./iso-date.ts";

/**
 * What spreadsheets take for the beginning of a formula (OWASP, CSV Injection), also in full width, and behind quotes, which
 * some strip.
 */
const formula = /^"*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Whether text may be a formula by its first character: letters and digits begin most, and need no closer look. */
const isSuspect = (unit: number) => unit < 0x30 || unit === 0x3d || unit === 0x40 || unit > 0xff00;

/** Throws the error of the row. */
type Fail = (what: string, column: number, options?: ErrorOptions) => never;

/** Writes the fields of records: the one place where something is quoted. */
export class CellWriter {
  readonly #out: ByteWriter;
  readonly #fail: Fail;
  readonly #formulas: "keep" | "escape" | "reject";
  readonly #nulls: string;
  readonly #quoteEmpty: boolean;
  readonly #decimal: "." | ",";
  readonly #delimiter: number;
  /** What has to be quoted. */
  readonly #special: RegExp;

  constructor(out: ByteWriter, dialect: Dialect, fail: Fail) {
    this.#out = out;
    this.#fail = fail;
    this.#formulas = dialect.formulas;
    this.#nulls = dialect.nulls;
    this.#quoteEmpty = dialect.quoteEmpty;
    this.#decimal = dialect.decimal;
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    const hex = this.#delimiter.toString(16).padStart(2, "0");
    this.#special = new RegExp(`["\\r\\n\\x${hex}]`);
  }

  /** Writes one field; `column` is its position, for the error. */
  write(value: unknown, column: number): void {
    if (typeof value === "string") this.#writeText(value, column);
    else if (typeof value === "number") this.#writeNumber(value);
    else if (value === null || value === undefined) this.#out.text(this.#nulls);
    else if (typeof value === "object") this.#writeObject(value, column);
    else if (typeof value === "boolean") this.#out.text(value ? "true" : "false");
    else if (typeof value === "bigint") this.#out.text(value.toString());
    else this.#fail(`is ${describe(value)}`, column);
  }

  #writeText(value: string, column: number): void {
    const { length } = value;
    if (length === 0) {
      if (this.#quoteEmpty) this.#out.text('""');
    } else if (this.#formulas !== "keep" && isSuspect(value.charCodeAt(0)) && formula.test(value)) {
      if (this.#formulas === "reject") this.#fail("begins like a formula", column);
      this.#writeLong(`'${value}`);
    } else if (length === this.#nulls.length && value === this.#nulls) {
      this.#writeShort(value, true);
    } else if (length <= SHORT) {
      this.#writeShort(value, false);
    } else {
      this.#writeLong(value);
    }
  }

  /** Most fields are short, and for those a loop over their characters costs less than calls into the runtime. */
  #writeShort(value: string, quoted: boolean): void {
    const out = this.#out;
    const delimiter = this.#delimiter;
    out.reserve(3 * value.length + 2);
    const { buffer } = out;
    let { position } = out;
    if (quoted) buffer[position++] = 0x22;
    for (let index = 0; index < value.length; index++) {
      const unit = value.charCodeAt(index);
      if (unit < 0x80) {
        if (
          unit === delimiter ||
          (unit <= 0x22 && (unit === 0x22 || unit === 0x0a || unit === 0x0d))
        ) {
          if (!quoted) return this.#writeShort(value, true);
          if (unit === 0x22) buffer[position++] = 0x22;
        }
        buffer[position++] = unit;
      } else if (unit < 0x800) {
        buffer[position++] = 0xc0 | (unit >> 6);
        buffer[position++] = 0x80 | (unit & 0x3f);
      } else if ((unit < 0xd800 || unit > 0xdfff) && unit !== 0xfeff) {
        buffer[position++] = 0xe0 | (unit >> 12);
        buffer[position++] = 0x80 | ((unit >> 6) & 0x3f);
        buffer[position++] = 0x80 | (unit & 0x3f);
      } else {
        return this.#writeWhole(value, quoted);
      }
    }
    if (quoted) buffer[position++] = 0x22;
    out.position = position;
  }

  #writeLong(value: string): void {
    if (!this.#needsQuotes(value)) this.#out.text(value);
    else if (value.length <= 2 * SHORT) this.#writeShort(value, true);
    else this.#writeWhole(value, true);
  }

  #writeWhole(value: string, quoted: boolean): void {
    if (!quoted && !this.#needsQuotes(value)) return this.#out.text(value);
    this.#out.reserve(1);
    this.#out.byte(0x22);
    this.#out.text(value.includes('"') ? value.replaceAll('"', '""') : value);
    this.#out.reserve(1);
    this.#out.byte(0x22);
  }

  /** U+FEFF at the beginning of a file would be taken for a byte order mark, and dropped. */
  #needsQuotes(value: string): boolean {
    return this.#special.test(value) || value.charCodeAt(0) === 0xfeff;
  }

  #writeNumber(value: number): void {
    if (this.#decimal === "." || (value | 0) === value) this.#out.number(value);
    else this.#out.text(String(value).replace(".", this.#decimal));
  }

  #writeObject(value: object, column: number): void {
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) this.#fail("is an invalid Date", column);
      writeIsoDate(this.#out, value);
    } else if (value instanceof Uint8Array) {
      this.#out.text(
        `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`,
      );
    } else {
      this.#writeJson(value, column);
    }
  }

  /** A Temporal, URL, ObjectId or Decimal says itself what it is in JSON, and needs no quotes of JSON around that. */
  #writeJson(value: object & { toJSON?: unknown }, column: number): void {
    const plain: unknown = typeof value.toJSON === "function" ? value.toJSON() : value;
    if (typeof plain !== "object" || plain === null) return this.write(plain, column);
    let text: string | undefined;
    try {
      text = jsonText(plain);
    } catch (error) {
      this.#fail("is an object that JSON cannot hold", column, { cause: error });
    }
    const found = findUnwritable(plain);
    if (found !== undefined) {
      this.#fail(`${found === plain ? "is" : "has"} ${describe(found)}`, column);
    }
    this.#writeText(text ?? "", column);
  }
}
