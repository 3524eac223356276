import { describe } from "../../response/source.ts";
import { jsonText } from "../json-text.ts";
import { DATE, DATE_TIME } from "./parts.ts";
import { serialOf } from "./serial.ts";
import { xmlText } from "./text.ts";

/** Throws the error of the row; `what` continues a sentence about the cell. */
export type Fail = (what: string, options?: ErrorOptions) => never;

/** Longest text that a cell holds, in UTF-16 units (Excel specifications and limits). */
const LONGEST = 32_767;

/**
 * One cell (ECMA-376-1 18.3.1.4), of which `open` is the beginning: `<c r="A1"`. Nothing is the cell of nothing. Text is always
 * text, so that `=1+1` is no formula.
 */
export function cellXml(open: string, value: unknown, fail: Fail): string {
  switch (typeof value) {
    case "string":
      return textXml(open, value, fail);
    case "number":
      return Number.isFinite(value) ? numberXml(open, value) : textXml(open, String(value), fail);
    case "boolean":
      return `${open} t="b"><v>${value ? 1 : 0}</v></c>`;
    case "bigint":
      return isSafe(value) ? numberXml(open, value) : textXml(open, String(value), fail);
    case "undefined":
      return "";
    case "object":
      return value === null ? "" : objectXml(open, value, fail);
    default:
      return fail(`is ${describe(value)}`);
  }
}

function numberXml(open: string, value: number | bigint): string {
  return `${open}><v>${value}</v></c>`;
}

function textXml(open: string, text: string, fail: Fail): string {
  const { length } = text;
  if (length === 0) return "";
  if (length > LONGEST) fail(`has ${length} characters, and a cell of a sheet holds ${LONGEST}`);
  const spaced = isSpace(text.charCodeAt(0)) || isSpace(text.charCodeAt(length - 1));
  return spaced
    ? `${open} t="inlineStr"><is><t xml:space="preserve">${xmlText(text)}</t></is></c>`
    : `${open} t="inlineStr"><is><t>${xmlText(text)}</t></is></c>`;
}

function objectXml(open: string, value: object & { toJSON?: unknown }, fail: Fail): string {
  if (value instanceof Date) return dateXml(open, value, fail);
  if (value instanceof Uint8Array) return textXml(open, `\\x${hexOf(value)}`, fail);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) fail(`is ${describe(value)}`);
  // A Temporal, URL, ObjectId or Decimal says itself what it is in JSON, and needs no quotes of JSON around that.
  const plain: unknown = typeof value.toJSON === "function" ? value.toJSON() : value;
  if (typeof plain !== "object" || plain === null) return cellXml(open, plain, fail);
  return textXml(open, jsonOf(plain, fail), fail);
}

function jsonOf(value: object, fail: Fail): string {
  try {
    return jsonText(value) ?? "";
  } catch (cause) {
    return fail("is an object that JSON cannot hold", { cause });
  }
}

function dateXml(open: string, date: Date, fail: Fail): string {
  if (Number.isNaN(date.getTime())) fail("is an invalid Date");
  const serial = serialOf(date);
  if (serial === undefined) return textXml(open, date.toISOString(), fail);
  return `${open} s="${Number.isInteger(serial) ? DATE : DATE_TIME}"><v>${serial}</v></c>`;
}

/** Whether a number of JavaScript, which is what a cell holds, is the same. */
function isSafe(value: bigint): boolean {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
}

/** Whether readers of XML may strip it from the ends of text: SP, TAB, LF; CR is escaped. */
function isSpace(unit: number): boolean {
  return unit <= 0x20;
}

function hexOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
