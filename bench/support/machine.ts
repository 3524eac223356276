import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, type } from "node:os";

/** One line about where a figure comes from: `Node 24.1.0, 2 cores of …, Linux 6.1.0, 2026-01-01`. */
export function describeRun(packages: readonly string[] = []): string {
  const model = cpus()[0]?.model.trim() ?? "an unknown processor";
  const kernel = `${type()} ${release().split("-")[0]}`;
  const versions = packages.map((name) => `${name} ${versionOf(name)}`);
  const date = new Date().toISOString().slice(0, 10);
  const parts = [`Node ${process.versions.node}`, ...versions];
  return `${date}; ${availableParallelism()} cores of ${model}, ${kernel}; ${parts.join(", ")}`;
}

function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  const manifest = JSON.parse(readFileSync(file, "utf8")) as { version: string }; // every package has one
  return manifest.version;
}
