import { parseHttpDate } from "./http-date.ts";

/** The value of a request's header. */
export type Field = (name: string) => string | undefined;

/**
 * What the conditions of a GET or HEAD make of a response that would be a 200 with these headers, in the order of
 * RFC 9110 13.2.2: undefined when it stays one.
 */
export function checkConditions(field: Field, headers: Headers): 304 | 412 | undefined {
  const etag = headers.get("etag");
  const modified = parseHttpDate(headers.get("last-modified"));
  const ifMatch = field("if-match");
  if (ifMatch !== undefined) {
    if (!names(ifMatch, etag, isSame)) return 412;
  } else {
    const unmodifiedSince = parseHttpDate(field("if-unmodified-since"));
    if (unmodifiedSince !== undefined && modified !== undefined && modified > unmodifiedSince)
      return 412;
  }
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, etag, isEquivalent) ? 304 : undefined;
  const modifiedSince = parseHttpDate(field("if-modified-since"));
  if (modifiedSince === undefined || modified === undefined) return undefined;
  return modified <= modifiedSince ? 304 : undefined;
}

/** Whether If-Range lets a Range count: only for exactly the version that the client has a part of (RFC 9110 13.1.5). */
export function allowsRange(field: Field, headers: Headers): boolean {
  const ifRange = field("if-range");
  if (ifRange === undefined) return true;
  if (/^(W\/)?"/.test(ifRange)) return isSame(ifRange, headers.get("etag"));
  const date = parseHttpDate(ifRange);
  return date !== undefined && date === parseHttpDate(headers.get("last-modified"));
}

/** Whether a list of entity tags has ours; `*` has the tag of anything that is there. */
function names(list: string, etag: string | null, compare: typeof isSame): boolean {
  if (list.trim() === "*") return true;
  return list.match(/(W\/)?"[^"]*"/g)?.some((one) => compare(one, etag)) === true;
}

/** The strong comparison of RFC 9110 8.8.3.2: a weak tag is like no other, not even itself. */
function isSame(one: string, other: string | null): boolean {
  return one === other && !one.startsWith("W/");
}

function isEquivalent(one: string, other: string | null): boolean {
  return one.replace(/^W\//, "") === other?.replace(/^W\//, "");
}
