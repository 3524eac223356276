import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as fc from "fast-check";
import { csv } from "millrace/export";

const dispositionOf = (filename: string) =>
  csv([], { filename }).headers.get("content-disposition") ?? "";

/** What a reader of RFC 8187 saves, and what one that knows only RFC 2616 does. */
function namesIn(header: string): { name: string; fallback: string } {
  const quoted = /; filename="((?:[^"\\]|\\.)*)"/.exec(header)?.[1]?.replaceAll(/\\(.)/g, "$1");
  const fallback = quoted ?? /; filename=([^;\s]+)/.exec(header)?.[1] ?? "";
  const extended = /; filename\*=UTF-8''(\S+)$/.exec(header)?.[1];
  return { name: extended === undefined ? fallback : decodeURIComponent(extended), fallback };
}

describe("the name of a download", () => {
  test("plain names are plain", () => {
    assert.equal(dispositionOf("orders.csv"), "attachment; filename=orders.csv");
    assert.equal(dispositionOf("orders 2026.csv"), 'attachment; filename="orders 2026.csv"');
    assert.equal(dispositionOf("it's; a=b, (1).csv"), `attachment; filename="it's; a=b, (1).csv"`);
  });

  test("other alphabets have an ASCII fallback beside the name", () => {
    const cases = [
      ["Bücher.csv", "Bucher.csv"],
      ["résumé naïve.csv", "resume naive.csv"],
      ["注文.csv", "__.csv"],
      ["😀.csv", "__.csv"],
      ["€ rates.csv", "_ rates.csv"],
    ] as const;
    for (const [name, fallback] of cases)
      assert.deepEqual(namesIn(dispositionOf(name)), { name, fallback });
    assert.equal(
      dispositionOf("€ rates.csv"),
      `attachment; filename="_ rates.csv"; filename*=UTF-8''%E2%82%AC%20rates.csv`,
    );
  });

  test("a percent sign is kept out of the fallback, which some browsers decode", () => {
    const header = dispositionOf("100%25.csv");
    assert.deepEqual(namesIn(header), { name: "100%25.csv", fallback: "100_25.csv" });
  });

  test("quotes, control characters and what no file system takes become underscores", () => {
    assert.equal(namesIn(dispositionOf('a"b.csv')).name, "a_b.csv");
    assert.equal(namesIn(dispositionOf("a\r\nSet-Cookie: x\0.csv")).name, "a__Set-Cookie_ x_.csv");
    assert.equal(namesIn(dispositionOf("a<b>c|d?e*f.csv")).name, "a_b_c_d_e_f.csv");
  });

  test("of a path only the last part is left", () => {
    for (const path of [
      "../../etc/passwd.csv",
      "C:\\Users\\me\\passwd.csv",
      "/passwd.csv",
      "a/b\\passwd.csv",
    ]) {
      assert.equal(namesIn(dispositionOf(path)).name, "passwd.csv");
    }
    assert.equal(namesIn(dispositionOf("folder/")).name, "download");
    for (const dots of [".", "..", "...", ". .", " "])
      assert.equal(namesIn(dispositionOf(dots)).name, "download");
    assert.equal(namesIn(dispositionOf(".htaccess")).name, "htaccess");
    assert.equal(namesIn(dispositionOf("a.csv. . ")).name, "a.csv");
  });

  test("marks that turn the reading direction cannot hide an extension", () => {
    for (const mark of ["\u202e", "\u202a", "\u2066", "\u2069", "\u200f", "\u061c"]) {
      assert.equal(namesIn(dispositionOf(`invoice${mark}vsc.exe`)).name, "invoice_vsc.exe");
    }
  });

  test("names of devices are no names of files", () => {
    assert.equal(namesIn(dispositionOf("CON")).name, "_CON");
    assert.equal(namesIn(dispositionOf("nul.csv")).name, "_nul.csv");
    assert.equal(namesIn(dispositionOf("com1.tar.gz")).name, "_com1.tar.gz");
    assert.equal(namesIn(dispositionOf("console.csv")).name, "console.csv");
  });

  test("a very long name is cut in front of its extension, and quickly", () => {
    const { name } = namesIn(dispositionOf(`${"x".repeat(1_000_000)}.csv`));
    assert.equal(name, `${"x".repeat(251)}.csv`);
    const wide = namesIn(dispositionOf(`${"長".repeat(1_000)}.csv`)).name;
    assert.equal(wide, `${"長".repeat(83)}.csv`);
    assert.equal(Buffer.byteLength(namesIn(dispositionOf(`a.${"b".repeat(1_000)}`)).name), 255);
  });

  test("halves of surrogate pairs do no harm", () => {
    assert.equal(namesIn(dispositionOf("a\ud83d.csv")).name, "a\ufffd.csv");
  });

  test("any name makes a header that can be sent and a name that can be saved", () => {
    const character = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.constantFrom("/", "\\", ".", " ", '"', "%", "\u202e", "'", ";", "\ud800"),
    );
    const any = fc.oneof(
      fc.string({ unit: character, minLength: 1 }),
      fc.string({ unit: character, minLength: 100, maxLength: 400 }),
    );
    fc.assert(
      fc.property(any, (filename) => {
        const header = dispositionOf(filename);
        assert.match(header, /^attachment; filename=[\x20-\x7e]+$/);
        const { name, fallback } = namesIn(header);
        assert.ok(Buffer.byteLength(name) <= 255 && name !== "");
        // oxlint-disable-next-line eslint/no-control-regex -- they must not be there
        assert.doesNotMatch(name, /[/\\"\u0000-\u001f\u202a-\u202e\u2066-\u2069]|^[. ]|[. ]$/);
        assert.doesNotMatch(fallback, /[%"/\\]/);
      }),
      { numRuns: 3_000 },
    );
  });
});
