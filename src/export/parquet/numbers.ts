/** Integers as drivers give them: numbers, bigints, and text of digits where a number would not do. Undefined for others. */
export function integerOf(value: unknown): bigint | number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value === "bigint") return value;
  return typeof value === "string" && /^-?\d{1,40}$/.test(value) ? BigInt(value) : undefined;
}

const decimalText = /^([-+]?)(\d*)(?:\.(\d*))?$/;
const floatText = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$|^-?Infinity$|^NaN$/i;

/** Numbers, text of numbers, and bigints that a double holds exactly. Undefined for others. */
export function floatOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string") return floatText.test(value) ? Number(value) : undefined;
  if (typeof value !== "bigint") return undefined;
  const float = Number(value);
  return BigInt(float) === value ? float : undefined;
}

/**
 * A decimal number as an integer of its last digit: `1.5` of scale 2 is 150. Text and bigints are taken exactly, numbers are
 * rounded. Undefined when it is none, or has digits that there is no place for.
 */
export function unscaledOf(value: unknown, precision: number, scale: number): bigint | undefined {
  const text = typeof value === "number" ? value.toFixed(scale) : value;
  let unscaled: bigint | undefined;
  if (typeof text === "bigint") unscaled = text * 10n ** BigInt(scale);
  else if (typeof text === "string") unscaled = unscaledText(text, scale);
  if (unscaled === undefined) return undefined;
  const limit = 10n ** BigInt(precision);
  return unscaled < limit && unscaled > -limit ? unscaled : undefined;
}

function unscaledText(text: string, scale: number): bigint | undefined {
  const [, sign, whole = "", fraction = ""] = (text.length < 100 && decimalText.exec(text)) || [];
  if (sign === undefined || whole + fraction === "") return undefined;
  const digits = fraction.padEnd(scale, "0");
  if (/[1-9]/.test(digits.slice(scale))) return undefined;
  const unscaled = BigInt(whole + digits.slice(0, scale));
  return sign === "-" ? -unscaled : unscaled;
}

/** The 16 bytes of a long decimal: two's complement, highest byte first (parquet-format, LogicalTypes.md, DECIMAL). */
export function wideBytes(unscaled: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigInt64(0, unscaled >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, unscaled));
  return new Uint8Array(view.buffer);
}

/** The start of a day like `2026-01-31` in UTC, in ms; NaN for what is none. */
export function timeOfDay(value: unknown): number {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value)) return NaN;
  const time = Date.parse(value);
  // 30 February is another day for some engines.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value) ? time : NaN;
}
