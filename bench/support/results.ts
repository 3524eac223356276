import { readFile, writeFile } from "node:fs/promises";

const file = new URL("../RESULTS.md", import.meta.url);

const preface =
  "# Results\n\nWritten by `npm run bench -- <name>`, figure by figure. Rivals run in the same run as ours, interleaved; compare within a\n" +
  "table, not between tables. CPU is that of the server process, user and system together. The medians are shown.\n";

/** Puts a figure in the place of its last one, or behind the others. */
export async function writeFigure(id: string, markdown: string): Promise<void> {
  const before = await readFile(file, "utf8").catch(() => preface);
  const begin = `<!-- ${id} -->\n`;
  const end = `<!-- /${id} -->\n`;
  const block = `${begin}${markdown.trim()}\n${end}`;
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  const known = from >= 0 && to > from;
  const after = known
    ? before.slice(0, from) + block + before.slice(to + end.length)
    : `${before.trimEnd()}\n\n${block}`;
  await writeFile(file, after);
}

/** A Markdown table; numbers are right-aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = header.map((_, index) => (index === 0 ? "---" : "---:"));
  return [header, rule, ...rows].map(line).join("\n");
}
