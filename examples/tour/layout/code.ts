import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { parse, render } from "sugar-high/core";
import { tokenize } from "sugar-high/lang/typescript";

import { html, raw, type Html } from "./html.ts";

/** Highlighted once; the code that runs does not change either. */
const shown = new Map<string, Html>();

/**
 * Shows the source of a view, out of the file that runs: the lines between `// #region name` and `// #endregion`.
 *
 * @throws when the file has no such region.
 * @example
 * showCode(import.meta.url, "chunks")
 */
export function showCode(file: string, region: string): Html {
  const key = `${file}#${region}`;
  const known = shown.get(key);
  if (known !== undefined) return known;
  const name = basename(fileURLToPath(file));
  const code = html`<figure class="code">
    <figcaption><span>${name}</span><a href="/source/${name}">whole file</a></figcaption>
    ${preformatted(readRegion(file, region))}
  </figure>`;
  shown.set(key, code);
  return code;
}

/** Shows code that does not run here. */
export function showSnippet(code: string): Html {
  return html`<figure class="code">${preformatted(code)}</figure>`;
}

function preformatted(code: string): Html {
  const lines = render(parse(code, { tokenize, jsx: false }));
  const unstyled = lines.replaceAll(/ style="[^"]*"/g, ""); // our stylesheet colours the classes
  return html`<pre tabindex="0"><code>${raw(unstyled)}</code></pre>`;
}

function readRegion(file: string, region: string): string {
  const source = readFileSync(new URL(file), "utf8");
  const start = `// #region ${region}\n`;
  const from = source.indexOf(start);
  const to = source.indexOf("// #endregion", from);
  if (from === -1 || to === -1) throw new Error(`${file} has no region "${region}".`);
  return source.slice(from + start.length, to).trim();
}
