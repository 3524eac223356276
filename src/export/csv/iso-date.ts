import type { ByteWriter } from "../byte-writer.ts";

const DAY = 86_400_000;
/** From 0001-01-01 to 9999-12-31 the year has four digits, and no number below is negative. */
const FIRST = Date.parse("0001-01-01");
const END = Date.parse("+010000-01-01");

/**
 * Writes what `toISOString()` of a valid Date returns, at a tenth of its cost. The calendar is the one of Howard Hinnant's
 * `civil_from_days`: years begin in March, so that the leap day is the last.
 */
export function writeIsoDate(out: ByteWriter, date: Date): void {
  const time = date.getTime();
  if (time < FIRST || time >= END) return out.text(date.toISOString());
  const days = Math.floor(time / DAY);
  let rest = time - days * DAY;

  const day0 = days + 719_468; // since 0000-03-01
  const era = (day0 / 146_097) | 0; // of 400 years
  const dayOfEra = day0 - era * 146_097;
  const leapless = dayOfEra - ((dayOfEra / 1_460) | 0) + ((dayOfEra / 36_524) | 0);
  const yearOfEra = ((leapless - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const fromMarch = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * fromMarch + 2) / 5) | 0) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);

  const hour = (rest / 3_600_000) | 0;
  rest -= hour * 3_600_000;
  const minute = (rest / 60_000) | 0;
  rest -= minute * 60_000;
  const second = (rest / 1_000) | 0;
  rest -= second * 1_000;

  out.reserve(24);
  const century = (year / 100) | 0;
  pair(out, century);
  pair(out, year - century * 100);
  out.byte(0x2d);
  pair(out, month);
  out.byte(0x2d);
  pair(out, day);
  out.byte(0x54);
  pair(out, hour);
  out.byte(0x3a);
  pair(out, minute);
  out.byte(0x3a);
  pair(out, second);
  out.byte(0x2e);
  const tenth = (rest / 10) | 0;
  pair(out, tenth);
  out.byte(0x30 + rest - tenth * 10);
  out.byte(0x5a);
}

function pair(out: ByteWriter, value: number): void {
  const tens = (value / 10) | 0;
  out.byte(0x30 + tens);
  out.byte(0x30 + value - tens * 10);
}
