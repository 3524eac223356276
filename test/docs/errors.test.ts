import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { MillraceError, type ErrorCode } from "millrace";

const root = resolve(import.meta.dirname, "../..");

describe("docs/errors.md", () => {
  test("is what the error table makes of it", async () => {
    await promisify(execFile)(process.execPath, ["scripts/errors-page.ts", "--check"], {
      cwd: root,
    }).catch((error: { stderr: string }) => assert.fail(error.stderr));
  });

  test("has a section for each code, with the name that such an error has", () => {
    const page = readFileSync(`${root}/docs/errors.md`, "utf8");
    const sections = Array.from(
      page.matchAll(/^## `(\w+)`\n\n.+\n\n\*\*What to do:\*\* .+\n\n`name`: `(\w+)`$/gm),
      ([, code, name]) => [code, name],
    );
    assert.equal(sections.length, page.match(/^## /gm)?.length);
    for (const [code, name] of sections) {
      assert.equal(new MillraceError(code as ErrorCode, "").name, name);
    }
  });
});
