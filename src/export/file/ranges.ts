/** Bytes from `start` up to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** PDF readers ask for dozens of ranges at once; who asks for more means no good (RFC 9110 17.15). */
const MOST = 64;

/**
 * The parts of `size` bytes that a Range header asks for, in its order; none of them when it asks for bytes that there are not.
 * Undefined when the header does not count, so that all is sent: it is in another unit or malformed (RFC 9110 14.2), or it asks
 * for so much or for so many that the whole is cheaper.
 */
export function parseRange(field: string, size: number): ByteRange[] | undefined {
  const set = /^bytes=(.*)$/i.exec(field)?.[1];
  if (set === undefined) return undefined;
  const specs = set.split(",").flatMap((spec) => spec.trim() || []); // a list may have empty elements (RFC 9110 5.6.1.2)
  if (specs.length === 0 || specs.length > MOST) return undefined;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const [, first = "", last = ""] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
    if (first === "" && last === "") return undefined;
    if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
    const range = first === "" ? lastBytes(Number(last), size) : fromTo(Number(first), last, size);
    if (range !== undefined) ranges.push(range);
  }
  const asked = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  if (asked > size) return undefined;
  if (size === 0 && ranges.length > 0) return undefined; // all of nothing, which no Content-Range can say
  return coalesce(ranges);
}

function lastBytes(count: number, size: number): ByteRange | undefined {
  return count === 0 ? undefined : { start: Math.max(0, size - count), end: size };
}

function fromTo(first: number, last: string, size: number): ByteRange | undefined {
  if (first >= size) return undefined;
  return { start: first, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** Where a part stands in the whole (RFC 9110 14.4). */
export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

/** Joins what overlaps or touches; each part stays where the first of it was asked for (RFC 9110 15.3.7.2). */
function coalesce(ranges: readonly ByteRange[]): ByteRange[] {
  const parts: { start: number; end: number; index: number }[] = [];
  const sorted = ranges
    .map((range, index) => ({ ...range, index }))
    .toSorted((one, other) => one.start - other.start);
  for (const range of sorted) {
    const last = parts.at(-1);
    if (last === undefined || range.start > last.end) {
      parts.push(range);
    } else {
      last.end = Math.max(last.end, range.end);
      last.index = Math.min(last.index, range.index);
    }
  }
  return parts
    .toSorted((one, other) => one.index - other.index)
    .map(({ start, end }) => ({ start, end }));
}
