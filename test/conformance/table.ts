import type { Host } from "./host.ts";
import type { Row } from "./row.ts";
import { rows, type Deviation, type RowName } from "./rows.ts";

/** One column of the docs table: hosts that are told together. */
export interface Column {
  readonly label: string;
  readonly hosts: readonly Host[];
}

/** The table of the docs as Markdown: each row of the suite, where it holds, and notes on where it does not. */
export function tableOf(columns: readonly Column[]): string {
  const notes: string[] = [];
  const names = Object.keys(rows) as RowName[];
  const lines = names.map((name) => {
    const cells = columns.map((column) => cell(name, column, notes));
    return `| ${rows[name].label} | ${cells.join(" | ")} |`;
  });
  return [
    `| the source, or its client | ${columns.map(({ label }) => label).join(" | ")} |`,
    `| --- |${" --- |".repeat(columns.length)}`,
    ...lines,
    "",
    ...notes.map((note, index) => `${index + 1}. ${note}`),
  ].join("\n");
}

/** `yes`, `–` where the question does not arise, or the numbers of the notes that say what is seen instead. */
function cell(name: RowName, { hosts }: Column, notes: string[]): string {
  const row: Row = rows[name];
  const asked = hosts.filter(
    ({ protocol = "HTTP/1.1" }) => row.protocols?.includes(protocol) ?? true,
  );
  if (asked.length === 0) return "–";
  const skipped = asked.flatMap(({ skips }) => skips?.[name] ?? []);
  if (skipped.length === asked.length) return `not asked (${numbersOf(skipped, notes)})`;
  const reasons = asked.flatMap(({ expects }) => reasonIn(expects?.[name]) ?? []);
  if (reasons.length === 0) return "yes";
  const same = reasons.length === asked.length && new Set(reasons).size === 1;
  const told = same
    ? reasons
    : asked.flatMap(({ name: host, expects }) => {
        const reason = reasonIn(expects?.[name]);
        return reason === undefined ? [] : `${host}: ${reason}`;
      });
  return `no (${numbersOf(told, notes)})`;
}

function reasonIn(deviation: Deviation<RowName> | undefined): string | undefined {
  if (deviation === undefined) return undefined;
  const { why, instead } = deviation;
  return instead === undefined ? why : `${why} ${instead}`;
}

/** The numbers of these notes, which are added where they are new. */
function numbersOf(texts: readonly string[], notes: string[]): string {
  const numbers = new Set<number>();
  for (const text of texts) {
    if (!notes.includes(text)) notes.push(text);
    numbers.add(notes.indexOf(text) + 1);
  }
  return [...numbers].join(", ");
}
