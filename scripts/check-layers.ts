/**
 * Fails on an import that goes against the layers: who may stand on whom is the table below, and nothing else is allowed.
 * Run by `npm run lint`. (oxlint can forbid import patterns, but not say what a relative path arrives at.)
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const layers: Record<string, readonly string[]> = {
  response: [],
  log: [],
  node: ["response"],
  compress: ["response"],
  export: ["response"],
  template: ["response"],
  html: ["response", "template"],
  events: ["response", "log"],
  durable: ["response", "log"],
  grip: ["response", "events"],
  workers: ["response", "node"],
  cli: ["*"],
};
/** Layers that must run where there are no Node built-ins. */
const portable = ["response"];
/** The subpath file of a layer, where it is not called like the layer. */
const subpathFiles: Record<string, string> = { index: "response" };

const root = resolve(import.meta.dirname, "..");
const mistakes: string[] = [];

for (const file of globSync("src/**/*.ts", { cwd: root })) {
  const layer = layerOf(file);
  const isSubpath = dirname(file) === "src";
  const allowed = isSubpath ? [] : layers[layer];
  if (!allowed) {
    mistakes.push(
      `${file} is in no layer; add "${layer}" to the table in scripts/check-layers.ts.`,
    );
    continue;
  }
  for (const specifier of importsOf(file)) {
    if (/^millrace(\/|$)/.test(specifier)) {
      mistakes.push(`${file} imports ${specifier}; inside src/, import the file.`);
    } else if (specifier.startsWith("node:")) {
      if (portable.includes(layer))
        mistakes.push(`${file} imports ${specifier}; ${layer} is portable.`);
    } else if (specifier.startsWith(".")) {
      const target = relative(root, resolve(root, dirname(file), specifier));
      const other = layerOf(target);
      if (other === layer || allowed.includes(other) || allowed.includes("*")) continue;
      mistakes.push(
        `${file} imports ${target}; ${layer} may stand on ${allowed.join(", ") || "nothing of ours"}.`,
      );
    }
  }
}

for (const file of globSync("{bench,examples,test}/**/*.{ts,tsx}", {
  cwd: root,
  exclude: ["**/node_modules/**"],
})) {
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith(".") && join(dirname(file), specifier).startsWith("src/")) {
      mistakes.push(
        `${file} imports ${specifier}; outside src/, only the public subpaths are used.`,
      );
    }
  }
}

for (const mistake of mistakes) console.error(mistake);
if (mistakes.length > 0) process.exitCode = 1;

/** `src/node/pump.ts` and `src/node.ts` are both of layer `node`. */
function layerOf(file: string): string {
  const name = file.split(/[\\/]/)[1] ?? "";
  if (!name.endsWith(".ts")) return name;
  const subpath = name.slice(0, -".ts".length);
  return subpathFiles[subpath] ?? subpath;
}

/** The specifiers that a file imports or re-exports, types included; comments are not looked at. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8").replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
  const pattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)(["'])(?<specifier>[^"'\n]+)\1/g;
  return Array.from(text.matchAll(pattern), (match) => match.groups?.["specifier"] ?? "");
}
