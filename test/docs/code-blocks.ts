import { readFileSync } from "node:fs";

/** A block of TypeScript in a page of the docs. */
export interface CodeBlock {
  /** `docs/response.md:12`: where it begins. */
  readonly name: string;
  readonly code: string;
}

/** The ```ts blocks of a Markdown file. */
export function codeBlocksOf(file: string, root: string): CodeBlock[] {
  const text = readFileSync(`${root}/${file}`, "utf8");
  return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), (match) => ({
    name: `${file}:${text.slice(0, match.index).split("\n").length}`,
    code: match[1] ?? "",
  }));
}
