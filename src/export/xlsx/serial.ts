const DAY = 86_400_000;
/** 1970-01-01, in days of the 1900 date system. */
const EPOCH = 25_569;
/** From here on days are counted right: the system has a 29 February 1900, which never was (ECMA-376-1 18.17.4.1). */
const MARCH_1900 = Date.UTC(1900, 2, 1);
const FIRST = Date.UTC(1900, 0, 1);
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A date as the number that spreadsheets have for it, read as UTC; undefined outside the years 1900 to 9999. */
export function serialOf(date: Date): number | undefined {
  const time = date.getTime();
  if (!(time >= FIRST && time <= LAST)) return undefined;
  return time / DAY + EPOCH - (time < MARCH_1900 ? 1 : 0);
}
