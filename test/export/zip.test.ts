import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { zip, zipChunks, type ZipEntries, type ZipEntry } from "millrace/export";
import * as fc from "fast-check";

import { missing } from "../support/required.ts";
import { collect, openArchive, textOf } from "./support/archive.ts";

const skip = missing("python3");
const run = promisify(execFile);

/** The contents by name, as Python reads them. */
async function contents(entries: ZipEntries): Promise<Record<string, string>> {
  const seen = await openArchive(await collect(zipChunks(entries)));
  return Object.fromEntries(seen.map((entry) => [entry.name, textOf(entry)]));
}

describe("an archive", { skip }, () => {
  test("holds what every kind of source yields", async () => {
    const big = "a line of some length\n".repeat(20_000);
    const entries: ZipEntry[] = [
      { name: "text.txt", source: "whole text, zażółć 日本 😀" },
      { name: "bytes.bin", source: new TextEncoder().encode("whole bytes") },
      { name: "empty.txt", source: "" },
      { name: "big.txt", source: big },
      { name: "array.txt", source: ["in ", new TextEncoder().encode("parts")] },
      { name: "no-chunks.txt", source: [] },
      {
        name: "generator.txt",
        *source() {
          for (let part = 0; part < 1_000; part++) yield `${part}\n`;
        },
      },
      {
        name: "async.txt",
        async *source() {
          yield "slow";
          await new Promise((resolve) => setTimeout(resolve, 120)); // longer than anything is held back
          yield "er";
        },
      },
      { name: "promise.txt", source: Promise.resolve(["promised"]) },
      { name: "web.txt", source: new Response("a body").body! },
      { name: "node.txt", source: Readable.from(["a Node", " stream"]) },
      { name: "file.ts", source: () => createReadStream(import.meta.filename) },
    ];
    const seen = await contents(entries);
    assert.match(seen["file.ts"] ?? "", /^import assert/);
    delete seen["file.ts"];
    assert.deepEqual(seen, {
      "text.txt": "whole text, zażółć 日本 😀",
      "bytes.bin": "whole bytes",
      "empty.txt": "",
      "big.txt": big,
      "array.txt": "in parts",
      "no-chunks.txt": "",
      "generator.txt": Array.from({ length: 1_000 }, (_, part) => `${part}\n`).join(""),
      "async.txt": "slower",
      "promise.txt": "promised",
      "web.txt": "a body",
      "node.txt": "a Node stream",
    });
  });

  test("takes its entries from any iterable, promise or function", async () => {
    const list: ZipEntry[] = [
      { name: "a", source: "1" },
      { name: "b", source: ["2"] },
    ];
    const kinds: ZipEntries[] = [
      list,
      list.values(),
      Readable.from(list),
      ReadableStream.from(list),
      Promise.resolve(list),
      () => list,
      async () => list,
      async function* ({ signal }) {
        assert.equal(signal.aborted, false);
        yield* list;
      },
    ];
    for (const kind of kinds) assert.deepEqual(await contents(kind), { a: "1", b: "2" });
    assert.deepEqual(await contents([]), {});
  });

  test("keeps names, dates and comments of any script", async () => {
    const modified = new Date("2024-02-29T23:59:58.900Z");
    const entries: ZipEntry[] = [
      { name: "zażółć/日本.txt", source: "x", modified, comment: "żółw 🐢" },
      { name: "zażółć/streamed.txt", source: ["x"], modified },
      { name: "old", source: "x", modified: new Date(0) },
      { name: "far", source: "x", modified: new Date("2200-01-01") },
    ];
    const seen = await openArchive(await collect(zipChunks(entries)));
    assert.deepEqual(
      seen.map(({ name, modified: date, comment }) => [name, date, comment]),
      [
        ["zażółć/日本.txt", "2024-02-29T23:59:58", "żółw 🐢"],
        ["zażółć/streamed.txt", "2024-02-29T23:59:58", ""],
        ["old", "1980-01-01T00:00:00", ""],
        ["far", "2107-12-31T23:59:58", ""],
      ],
    );
  });

  test("compresses what is not compressed already, and what it is told to", async () => {
    const text = "again and ".repeat(5_000);
    const entries: ZipEntry[] = [
      { name: "a.csv", source: [text] },
      { name: "a.JPG", source: [text] },
      { name: "b.jpg", source: [text], compress: true },
      { name: "b.csv", source: [text], compress: false },
      { name: "whole.csv", source: "again and ".repeat(100) },
      { name: "mimetype", source: "application/epub+zip", compress: false },
    ];
    const seen = await openArchive(await collect(zipChunks(entries)));
    const small = seen.filter(({ size, compressed }) => compressed < size / 10);
    assert.deepEqual(
      small.map(({ name }) => name),
      ["a.csv", "b.jpg", "whole.csv"],
    );
    assert.equal(seen.find(({ name }) => name === "mimetype")?.method, 0);
    const none = await openArchive(await collect(zipChunks(entries, { compress: false })));
    assert.deepEqual(
      none.filter(({ size, compressed }) => compressed < size).map(({ name }) => name),
      ["b.jpg"],
    );
  });

  test("is the same for the same entries and dates", async () => {
    const modified = new Date("2024-01-01");
    const make = () =>
      collect(
        zipChunks([
          { name: "a", source: "1", modified },
          { name: "b", source: ["2"], modified },
        ]),
      );
    assert.deepEqual(await make(), await make());
  });

  test("passes the test of Info-ZIP", { skip: missing("unzip") }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-zip-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "archive.zip");
    const entries: ZipEntry[] = [
      { name: "readme.txt", source: "hello" },
      { name: "folder/streamed.txt", source: ["hello ".repeat(100_000)] },
      { name: "folder/stored.jpg", source: ["hello ".repeat(100_000)] },
    ];
    writeFileSync(path, await collect(zipChunks(entries)));
    const { stdout } = await run("unzip", ["-t", path]);
    assert.match(stdout, /No errors detected/);
  });

  test("holds any names and contents", async () => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
      .map((text) => text.replaceAll(/[\p{Cc}\\/:]/gu, "_"))
      .filter((text) => text !== "." && text !== "..");
    const entry = fc.record({
      name: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
      chunks: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
      whole: fc.boolean(),
      compress: fc.boolean(),
    });
    const entries = fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const archive = await collect(
          zipChunks(
            list.map(({ name, chunks, whole, compress }) => ({
              name,
              source: whole ? Buffer.concat(chunks) : chunks,
              compress,
            })),
          ),
        );
        const seen = await openArchive(archive);
        assert.deepEqual(
          seen.map(({ name, data }) => [name, data]),
          list.map(({ name, chunks }) => [name, Buffer.concat(chunks).toString("base64")]),
        );
      }),
      { numRuns: 12 },
    );
  });
});

describe("what cannot be written", () => {
  const refused = (entries: unknown, error: RegExp | object, options?: object) => {
    assert.throws(() => zip(entries as ZipEntries, options), error);
    assert.throws(() => zipChunks(entries as ZipEntries, options), error);
  };

  test("is refused at the call", () => {
    for (const entries of ["text", 5, null, undefined, new Uint8Array(3)])
      refused(entries, { name: "TypeError", message: /^The entries of a ZIP archive are / });
    refused([5], /An entry of a ZIP archive is a number \(5\)/);
    refused([{ name: "a" }], /The source of the ZIP entry "a" is undefined/);
    refused([{ name: "a", source: new Response("x") }], /is an object of class Response/);
    refused([{ name: "a", source: "", mode: 1 }], /"a" has no option "mode"/);
    refused([{ name: "a", source: "", modified: new Date(NaN) }], /"a" has modified .*valid Date/);
    refused([{ name: "a", source: "", compress: 1 }], /"a" has compress a number \(1\)/);
    refused([{ name: "a", source: "", comment: "x".repeat(70_000) }], /"a" has a comment/);
    refused([], /zip(Chunks)? has no option "levels"/, { levels: 1 });
    refused([], /level is a number \(0\)/, { level: 0 });
    refused([], /compress is a string/, { compress: "yes" });
  });

  test("is a name that could leave the folder it is extracted in, or be none", () => {
    const names = ["", "/etc/passwd", "../up", "a/../../up", "C:/x", "c:x", "a\\b", "a//b", "./a"];
    for (const name of [...names, "folder/", "a\0b", "a\nb", "\ud800", "x".repeat(65_536), 5])
      refused([{ name, source: "" }], /^\w+: .*has .*|is a folder/);
  });

  test("fails the archive where it is found later, naming the entry", async () => {
    const entries = [
      { name: "a", source: "1" },
      { name: "a", source: "2" },
    ];
    await assert.rejects(collect(zipChunks(entries)), /"a" is there twice/);
    await assert.rejects(
      collect(zipChunks(() => [{ name: "../a", source: "" }])),
      /entry "\.\.\/a" has a part/,
    );
    await assert.rejects(collect(zipChunks(() => "text" as never)), { code: "SOURCE_INVALID" });
  });
});
