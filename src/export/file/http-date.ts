const clock = String.raw`(?<time>\d\d:\d\d:\d\d)`;

/** The three forms of a date in HTTP (RFC 9110 5.6.7): the one that is sent, and two that old senders used. */
const forms = [
  RegExp(`^[A-Z][a-z]{2}, (?<day>\\d\\d) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${clock} GMT$`),
  RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d\\d)-(?<month>[A-Z][a-z]{2})-(?<year>\\d\\d) ${clock} GMT$`),
  RegExp(`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${clock} (?<year>\\d{4})$`),
];

/** Reads a date of an HTTP header, to ms since 1970; undefined when it is none, or not there. */
export function parseHttpDate(text: string | null | undefined): number | undefined {
  if (text == null) return undefined;
  for (const form of forms) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const { day = "", month, time, year = "" } = parts;
    const full = year.length === 2 ? fullYear(Number(year)) : year;
    const date = Date.parse(`${day.trim()} ${month} ${full} ${time} GMT`);
    return Number.isNaN(date) ? undefined : date;
  }
  return undefined;
}

/** What would be more than 50 years ahead is the year of the last century (RFC 9110 5.6.7). */
function fullYear(lastDigits: number): number {
  const now = new Date().getUTCFullYear();
  const year = now - (now % 100) + lastDigits;
  return year > now + 50 ? year - 100 : year;
}
