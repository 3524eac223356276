import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";

const docs = resolve(import.meta.dirname, "../../docs");
const page = readFileSync(`${docs}/coming-from-django.md`, "utf8");

interface Row {
  readonly name: string;
  readonly verdict: string;
  readonly links: Link[];
}

interface Link {
  readonly title: string;
  readonly file: string;
}

const rows: Row[] = Array.from(
  page.matchAll(/^\| `(\w+\.test_\w+)` \| [^|]+ \| ([^|]+) \|(.*)\|$/gm),
  ([, name = "", verdict = "", shownBy = ""]) => ({ name, verdict, links: linksIn(shownBy) }),
);

function linksIn(text: string): Link[] {
  return Array.from(
    text.matchAll(/\[([^\]]+)\]\((\.\.\/test\/[^)]+)\)/g),
    ([, title = "", file = ""]) => ({ title: title.replaceAll("\n", " "), file }),
  );
}

describe("docs/coming-from-django.md", () => {
  test("has one row for each of the 56 tests of Django", () => {
    assert.equal(rows.length, 56);
    assert.equal(new Set(rows.map(({ name }) => name)).size, 56);
  });

  test("says for each what it is worth here, and shows what it claims", () => {
    for (const { name, verdict, links } of rows) {
      assert.match(verdict, /^(same|better|not built yet|does not apply)/, name);
      if (/^(same|better)/.test(verdict)) assert.ok(links.length > 0, name);
    }
  });

  test("names tests that there are, in the files in which they are", () => {
    for (const { title, file } of linksIn(page)) {
      const source = readFileSync(resolve(docs, file), "utf8");
      assert.ok(source.includes(`test("${title}"`), `${file} has no test "${title}"`);
    }
  });
});
