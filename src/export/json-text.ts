/**
 * What `JSON.stringify` makes of a value, with a bigint as a string: a number of that size is another number to most who read
 * JSON (RFC 8259 6), and a string is what they take for it (RFC 7493 2.2).
 *
 * @throws TypeError for a circular value.
 */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // of somebody's toJSON
    return jsonTextWithBigints(value);
  }
}

/** The same for what is known to hold a bigint, where the first try would be in vain. */
export function jsonTextWithBigints(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "bigint" ? inner.toString() : inner,
  );
}

/**
 * Finds what `JSON.stringify` drops or empties without a word: functions, symbols, promises, bytes, Maps and Sets. `value` has been
 * found to have no circle.
 */
export function findUnwritable(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") return value;
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value) || emptied.some((kind) => value instanceof kind)) return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return undefined;
  return Array.isArray(value) ? findInArray(value) : findInObject(value as Fields);
}

const emptied = [ArrayBuffer, Map, Promise, Set];

type Fields = Readonly<Record<string, unknown>>;

function findInArray(values: readonly unknown[]): unknown {
  for (const value of values) {
    const found = findUnwritable(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInObject(fields: Fields): unknown {
  for (const key in fields) {
    const found = findUnwritable(fields[key]);
    if (found !== undefined && Object.hasOwn(fields, key)) return found;
  }
  return undefined;
}
