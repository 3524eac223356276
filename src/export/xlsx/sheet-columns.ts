import type { Layout } from "../columns.ts";

/** Narrowest and widest that a column is made, in characters, where nobody says. */
const NARROW = 8;
const WIDE = 60;
/** The button of a filter covers so many. */
const BUTTON = 3;

/** The letters of a column, counted from 0: `A`, `Z`, `AA`. */
export function columnName(column: number): string {
  const last = String.fromCharCode(65 + (column % 26));
  return column < 26 ? last : columnName(Math.floor(column / 26) - 1) + last;
}

/** How wide columns are: as asked for, or so that label and first cell fit. A date that does not fit is shown as `####`. */
export function widthsOf(
  layout: Layout | undefined,
  sample: readonly unknown[],
  { widths, autoFilter }: { widths: Readonly<Record<string, number>>; autoFilter: boolean },
): number[] {
  return Array.from({ length: layout?.keys.length ?? sample.length }, (_, column) => {
    const given = widths[layout?.keys[column] ?? ""];
    if (given !== undefined) return given;
    const label = (layout?.labels[column]?.length ?? 0) + (autoFilter ? BUTTON : 0);
    return Math.min(Math.max(label + 2, lengthOf(sample[column]) + 2, NARROW), WIDE);
  });
}

function lengthOf(value: unknown): number {
  if (value instanceof Date) return "2026-12-31 23:59:59".length;
  if (typeof value === "string") return value.length;
  return typeof value === "number" || typeof value === "bigint" ? String(value).length : 0;
}
