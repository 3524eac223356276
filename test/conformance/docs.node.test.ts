import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { columns } from "./hosts.ts";
import { tableOf } from "./table.ts";

const page = join(import.meta.dirname, "../../docs/frameworks.md");
const marked = /(?<=<!-- table: .*? -->\n\n).*?(?=\n\n<!-- end of table -->)/s;

test("the table in docs/frameworks.md says what the suite pins", () => {
  const text = readFileSync(page, "utf8");
  const table = tableOf(columns);
  if (process.env["MILLRACE_UPDATE"] === "docs") {
    writeFileSync(
      page,
      text.replace(marked, () => table),
    );
  } else {
    const advice = "Run this test with MILLRACE_UPDATE=docs to write the table anew.";
    assert.equal(marked.exec(text)?.[0], table, advice);
  }
});
