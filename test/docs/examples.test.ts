import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { curl } from "../support/curl.ts";
import { codeBlocksOf } from "./code-blocks.ts";

const root = resolve(import.meta.dirname, "../..");
// Inside the repository, so that `millrace` is this package and the types of Node are found.
const folder = resolve(import.meta.dirname, ".blocks");
const command = ["--conditions=millrace-source", resolve(root, "src/cli/main.ts"), "serve"];

const pages = ["README.md", ...globSync("docs/*.md", { cwd: root })];
const blocks = pages.flatMap((page) => codeBlocksOf(page, root));
const fileOf = (name: string) => `${folder}/${name.replaceAll(/[^a-z0-9]+/gi, "-")}.ts`;

describe("the code in README and docs", () => {
  before(() => {
    mkdirSync(folder, { recursive: true });
    const config = { extends: "../../../tsconfig.json", include: ["*.ts"], exclude: [] };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
    for (const { name, code } of blocks) writeFileSync(fileOf(name), `${code}\nexport {};\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("type-checks under the strictest flags", async () => {
    const tsc = resolve(root, "node_modules/.bin/tsc");
    await promisify(execFile)(tsc, ["-p", folder, "--noUnusedLocals", "false"]).catch(
      (error: { stdout: string }) => assert.fail(error.stdout),
    );
  });

  for (const { name, code } of blocks) {
    if (code.includes("export default")) {
      test(`${name} is an app that the command serves`, async () => {
        const server = spawn(process.execPath, [...command, fileOf(name), "--port", "0"], {
          cwd: root,
          stdio: ["ignore", "pipe", "inherit"],
        });
        const exited = once(server, "exit");
        try {
          const ended = exited.then(() => assert.fail("the server ended before it listened"));
          const [line] = (await Promise.race([once(server.stdout, "data"), ended])) as [Buffer];
          const url = /https?:\/\/[^"\s]+/.exec(line.toString())?.[0] ?? "";
          const { code: exit, body } = await curl([url]);
          assert.equal(exit, 0);
          assert.ok(body.length > 0);
        } finally {
          server.kill();
          await exited;
        }
      });
    } else if (/^docs\/(response|server)\.md/.test(name)) {
      test(`${name} runs to its end`, async () => {
        const node = ["--conditions=millrace-source", fileOf(name)];
        await promisify(execFile)(process.execPath, node, { cwd: root, timeout: 20_000 });
      });
    }
  }
});
