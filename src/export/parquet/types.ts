import type { SchemaElement } from "hyparquet-writer";

import { jsonText } from "../json-text.ts";
import { floatOf, integerOf, timeOfDay, unscaledOf, wideBytes } from "./numbers.ts";

/**
 * What a column of a Parquet file holds. `null` and `undefined` fit everywhere; besides them
 *
 * - `string`, `boolean`: what they say;
 * - `int32`, `int64`: integers as number, bigint or text of digits, as PostgreSQL's drivers give bigint;
 * - `float64`: numbers, and text of a number; negative zero becomes zero;
 * - `decimal(precision,scale)`: up to 38 digits, `scale` of them after the point; text and bigint exactly, numbers rounded;
 * - `timestamp`: a `Date`, kept as milliseconds of UTC;
 * - `date`: text like `2026-01-31`, or a `Date`, of which the day in UTC counts;
 * - `json`: whatever `JSON.stringify` takes;
 * - `bytes`: a `Uint8Array`.
 */
export type ParquetType =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "float64"
  | `decimal(${number},${number})`
  | "timestamp"
  | "date"
  | "json"
  | "bytes";

/** What is kept of a cell until its row group is written. */
export type Stored = string | boolean | number | bigint | Uint8Array;

type Element = Partial<SchemaElement>;

/** How cells of one type are kept and written. */
export interface CellType {
  /** What the library encodes. */
  readonly physical: Element;
  /** What the footer says about it besides: annotations of both kinds, the old and the new (parquet-format, LogicalTypes.md). */
  readonly annotation?: Element;
  /** Whether readers get the smallest and the largest value of a row group, which let them skip it. Default: yes. */
  readonly bounds?: false;
  /** What is kept of a value; undefined when the type cannot hold it. */
  readonly store: (value: unknown) => Stored | undefined;
}

const text: Element = { type: "BYTE_ARRAY" };

const types: Readonly<Record<string, CellType>> = {
  string: {
    physical: text,
    annotation: { converted_type: "UTF8", logical_type: { type: "STRING" } },
    store: (value) => (typeof value === "string" ? value : undefined),
  },
  boolean: {
    physical: { type: "BOOLEAN" },
    store: (value) => (typeof value === "boolean" ? value : undefined),
  },
  int32: {
    physical: { type: "INT32" },
    store(value) {
      const integer = Number(integerOf(value));
      return integer === (integer | 0) ? integer | 0 : undefined;
    },
  },
  int64: {
    physical: { type: "INT64" },
    store(value) {
      const integer = integerOf(value);
      if (integer === undefined) return undefined;
      const wide = BigInt(integer);
      return wide === BigInt.asIntN(64, wide) ? wide : undefined;
    },
  },
  float64: {
    physical: { type: "DOUBLE" },
    store(value) {
      const float = floatOf(value);
      return float === undefined ? undefined : float + 0; // a dictionary would mix up the two zeros
    },
  },
  timestamp: {
    physical: { type: "INT64" },
    annotation: {
      converted_type: "TIMESTAMP_MILLIS",
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    },
    store(value) {
      const time = value instanceof Date ? value.getTime() : NaN;
      return Number.isNaN(time) ? undefined : BigInt(time);
    },
  },
  date: {
    physical: { type: "INT32" },
    annotation: { converted_type: "DATE", logical_type: { type: "DATE" } },
    store(value) {
      const time = value instanceof Date ? value.getTime() : timeOfDay(value);
      return Number.isNaN(time) ? undefined : Math.floor(time / 86_400_000);
    },
  },
  json: {
    physical: text,
    annotation: { converted_type: "JSON", logical_type: { type: "JSON" } },
    bounds: false,
    store: (value) => (isBinary(value) ? undefined : jsonText(value)),
  },
  bytes: {
    physical: { type: "BYTE_ARRAY" },
    store: (value) => (value instanceof Uint8Array ? new Uint8Array(value) : undefined), // its buffer may be refilled
  },
};

/** The names there are, for error messages. */
export const typeNames: string = [...Object.keys(types), "decimal(precision,scale)"].join(", ");

/** The type of that name; undefined when there is none. */
export function cellType(name: unknown): CellType | undefined {
  if (typeof name !== "string") return undefined;
  const [, precision, scale] = /^decimal\((\d\d?),(\d\d?)\)$/.exec(name) ?? [];
  if (precision !== undefined) return decimalType(Number(precision), Number(scale));
  return Object.hasOwn(types, name) ? types[name] : undefined;
}

/** The type in which a value is kept when nobody says; `number` is one that is not decided. */
export function typeNameOf(value: unknown): string {
  if (typeof value === "bigint") return "int64";
  if (value instanceof Date) return "timestamp";
  if (value instanceof Uint8Array) return "bytes";
  return typeof value === "object" ? "json" : typeof value;
}

/** Binary data has no form in JSON: it would be an object of numbers. */
function isBinary(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** What fits into 64 bits is kept in them. */
function decimalType(precision: number, scale: number): CellType | undefined {
  if (precision < 1 || precision > 38 || scale > precision) return undefined;
  const annotation: Element = {
    ...{ converted_type: "DECIMAL", precision, scale },
    logical_type: { type: "DECIMAL", precision, scale },
  };
  const unscaled = (value: unknown) => unscaledOf(value, precision, scale);
  if (precision <= 18) return { physical: { type: "INT64" }, annotation, store: unscaled };
  return {
    physical: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 16 },
    annotation,
    bounds: false, // the library would compare the bytes without their sign
    store(value) {
      const integer = unscaled(value);
      return integer === undefined ? undefined : wideBytes(integer);
    },
  };
}
