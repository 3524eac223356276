#!/usr/bin/env node
import { readFileSync } from "node:fs";

import { usage } from "./usage.ts";

// What runs on an older Node must at least be able to say so; everything else is imported after this check.
const oldest = [22, 18] as const;
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  console.error(`millrace needs Node ${oldest.join(".")} or later; this is ${process.version}.`);
  process.exit(1);
}

const [command, ...rest] = process.argv.slice(2);
if (command === "serve") {
  const { serveCommand } = await import("./serve-command.ts");
  await serveCommand(rest);
} else if (
  command === undefined ||
  command === "help" ||
  command === "--help" ||
  command === "-h"
) {
  console.log(usage);
} else if (command === "--version" || command === "-v") {
  const packageFile = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };
  console.log(version);
} else {
  console.error(`millrace has no command "${command}". Run \`millrace --help\`.`);
  process.exitCode = 1;
}
