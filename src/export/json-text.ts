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
  if (typeof value === "object") return value === null ? undefined : findInside(value);
  return typeof value === "function" || typeof value === "symbol" ? value : undefined;
}

function findInside(value: object & { readonly toJSON?: unknown }): unknown {
  if (ArrayBuffer.isView(value)) return value;
  if (typeof value.toJSON === "function") return undefined;
  if (Array.isArray(value)) {
    for (const inner of value as readonly unknown[]) {
      const found = findUnwritable(inner);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  let empty = true;
  for (const key in value) {
    empty = false;
    const inner = (value as Readonly<Record<string, unknown>>)[key]; // it has the key
    if (typeof inner === "string" || typeof inner === "number") continue; // most are
    const found = findUnwritable(inner);
    if (found !== undefined && Object.hasOwn(value, key)) return found;
  }
  return empty && emptied.some((kind) => value instanceof kind) ? value : undefined;
}

/** Kinds that are `{}` in JSON, whatever is in them. */
const emptied = [ArrayBuffer, Map, Promise, Set];
