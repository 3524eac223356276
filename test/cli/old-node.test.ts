import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { Program } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");

/** A Node on this machine that is too old for us; undefined when there is none. */
function oldNode(): string | undefined {
  for (const path of ["/usr/bin/node", "/usr/local/bin/node"]) {
    try {
      const version = execFileSync(path, ["--version"], { encoding: "utf8" });
      const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
      if (major < 22 || (major === 22 && minor < 18)) return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

const node = oldNode();

test(
  "an older Node is told in one line what is needed",
  { skip: node === undefined && "there is no older Node" },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-built-"));
    try {
      const tsc = resolve(root, "node_modules/typescript/bin/tsc");
      const build = ["-p", "tsconfig.build.json", "--outDir", `${folder}/dist`];
      execFileSync(process.execPath, [tsc, ...build], { cwd: root });
      for (const args of [["serve", "app.ts"], ["--help"], []]) {
        const command = ["--no-warnings", `${folder}/dist/cli/main.js`, ...args];
        await using program = new Program(String(node), command);
        assert.equal(await program.ended(), 1);
        assert.match(
          program.stderr,
          /^millrace needs Node 22\.18 or later; this is v\d+\.\d+\.\d+\.\n$/,
        );
        assert.equal(program.stdout, "");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
