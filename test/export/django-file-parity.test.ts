// What Django's own tests promise of a FileResponse. Which test stands for which is in docs/coming-from-django.md.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";

import { file, type FileOptions, type FileSource } from "millrace/export";

import { serving } from "../node/support/serving.ts";
import { missing } from "../support/required.ts";

const binary = new TextEncoder().encode("binary content");
let folder: string;
let path: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-django-file-"));
  path = join(folder, "lines.py");
  writeFileSync(path, "print('line')\n".repeat(100));
});
after(() => rmSync(folder, { recursive: true }));

/** One header of a response with this file. */
async function headerOf(name: string, source: FileSource, options?: FileOptions) {
  const response = await file(source, options);
  await response.body?.cancel();
  return response.headers.get(name);
}

describe("a file in a response, as in Django", () => {
  test("an open file has its length", async () => {
    assert.equal(await headerOf("content-length", path), "1400");
    assert.equal(await headerOf("content-length", await open(path)), "1400");
  });

  test("a buffer has its length", async () => {
    assert.equal(await headerOf("content-length", binary), "14");
    assert.equal(await headerOf("content-length", new Blob([binary])), "14");
  });

  test("what is left of a file after a position has its length", async () => {
    for (const source of [() => path, () => open(path)]) {
      const response = await file(await source(), { start: 1_386 });
      assert.equal(response.headers.get("content-length"), "14");
      assert.equal(await response.text(), "print('line')\n");
    }
  });

  test("what is left of a buffer has its length; of a stream that was begun, none", async () => {
    assert.equal(await headerOf("content-length", binary.subarray(10)), "4");
    assert.equal(await headerOf("content-length", new Blob([binary]).slice(10)), "4");
    const stream = createReadStream(path, { start: 1_386 });
    const response = await file(stream);
    assert.equal(response.headers.get("content-length"), null);
    assert.equal(await response.text(), "print('line')\n");
  });

  test("a file has the type that its name says", async () => {
    writeFileSync(join(folder, "page.html"), "");
    assert.equal(
      await headerOf("content-type", join(folder, "page.html")),
      "text/html; charset=utf-8",
    );
    const stream = createReadStream(join(folder, "page.html"));
    assert.equal(await headerOf("content-type", stream), "text/html; charset=utf-8");
  });

  test("a buffer without a name is application/octet-stream", async () => {
    assert.equal(await headerOf("content-type", binary), "application/octet-stream");
  });

  test("a type that is given wins, also when it is the default one of other responses", async () => {
    for (const contentType of ["video/webm", "text/html"]) {
      assert.equal(await headerOf("content-type", binary, { contentType }), contentType);
      assert.equal(await headerOf("content-type", path, { contentType }), contentType);
    }
  });

  test("a buffer with a name has the type that it says", async () => {
    for (const [name, type] of [
      ["test.html", "text/html; charset=utf-8"],
      ["test.txt", "text/plain; charset=utf-8"],
      ["test.webm", "video/webm"],
      ["test", "application/octet-stream"],
    ] as const) {
      assert.equal(await headerOf("content-type", new File([binary], name)), type);
      assert.equal(await headerOf("content-type", binary, { filename: name }), type);
    }
  });

  test("a file is inline or an attachment, under its own name or another one", async () => {
    for (const [attachment, filename, expected] of [
      [false, undefined, "inline; filename=lines.py"],
      [false, "custom_name.txt", "inline; filename=custom_name.txt"],
      [true, undefined, "attachment; filename=lines.py"],
      [true, "custom_name.txt", "attachment; filename=custom_name.txt"],
    ] as const) {
      const options = { attachment, filename };
      assert.equal(await headerOf("content-disposition", path, options), expected);
    }
  });

  test("no quote or backslash of a name gets out of the header's quotes", async () => {
    for (const [filename, expected] of [
      ['multi-part-one";" dummy".txt', 'attachment; filename="multi-part-one_;_ dummy_.txt"'],
      ['multi-part-one\\";" dummy".txt', 'attachment; filename="_;_ dummy_.txt"'],
      ['multi-part-one\\";\\" dummy".txt', 'attachment; filename="_ dummy_.txt"'],
    ] as const) {
      const options = { filename, attachment: true };
      assert.equal(await headerOf("content-disposition", binary, options), expected);
    }
  });

  test("a buffer without a name has no Content-Disposition, or a bare one", async () => {
    assert.equal(await headerOf("content-disposition", binary), null);
    assert.equal(await headerOf("content-disposition", binary, { attachment: true }), "attachment");
  });

  test("a name that is given is used for both kinds", async () => {
    for (const [attachment, type] of [
      [false, "inline"],
      [true, "attachment"],
    ] as const) {
      const options = { attachment, filename: "custom_name.txt" };
      const expected = `${type}; filename=custom_name.txt`;
      assert.equal(await headerOf("content-disposition", binary, options), expected);
    }
  });

  test("the content of a buffer arrives, or what is left of it", async () => {
    assert.equal(await (await file(binary)).text(), "binary content");
    assert.equal(await (await file(binary.subarray(10))).text(), "tent");
  });

  test("of a path only the last part is shown", async () => {
    for (const filename of [path, "C:\\files\\lines.py", "../lines.py"]) {
      const options = { filename, attachment: true };
      const expected = "attachment; filename=lines.py";
      assert.equal(await headerOf("content-disposition", binary, options), expected);
    }
  });

  test("a named pipe streams without a length", { skip: missing("mkfifo") }, async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const [response] = await Promise.all([file(createReadStream(pipe)), writeFile(pipe, binary)]);
    assert.equal(response.headers.get("content-length"), null);
    assert.equal(await response.text(), "binary content");
  });

  test("a compressed file is of the type of its compression, and of no coding", async () => {
    for (const [suffix, type] of [
      [".tar.gz", "application/gzip"],
      [".tar.br", "application/x-brotli"],
      [".tar.bz2", "application/x-bzip2"],
      [".tar.xz", "application/x-xz"],
      [".tar.Z", "application/x-compress"],
    ] as const) {
      const given = new File([binary], `archive${suffix}`);
      assert.equal(await headerOf("content-type", given), type);
      assert.equal(await headerOf("content-encoding", given), null);
    }
  });

  test("a name beyond ASCII is given as it is, with a fallback", async () => {
    const options = { filename: "祝您平安.odt", attachment: true };
    assert.equal(
      await headerOf("content-disposition", binary, options),
      "attachment; filename=____.odt; filename*=UTF-8''%E7%A5%9D%E6%82%A8%E5%B9%B3%E5%AE%89.odt",
    );
    const type = "application/vnd.oasis.opendocument.text";
    assert.equal(await headerOf("content-type", binary, options), type);
  });

  test("a file's response says in a log what it is", async () => {
    const response = await file(binary, { filename: "a.txt" });
    assert.match(inspect(response), /status: 200/);
    assert.match(inspect(response), /text\/plain; charset=utf-8/);
  });

  test("a file and a static file go through the server with their headers", async (t) => {
    const server = await serving(t, (request) =>
      new URL(request.url).pathname === "/"
        ? file(path, { request })
        : file(new URL(request.url).pathname, { request, root: folder }),
    );
    for (const url of [server.url, `${server.url}/lines.py`]) {
      const response = await fetch(url);
      const { headers } = response;
      assert.equal(response.status, 200);
      assert.equal(headers.get("content-length"), "1400");
      assert.equal(headers.get("content-disposition"), "inline; filename=lines.py");
      assert.ok(headers.has("content-type"));
      assert.equal(await response.text(), "print('line')\n".repeat(100));
    }
  });

  test("a file is read in pieces, and each of them when it is wanted", async () => {
    const large = join(folder, "large.txt");
    writeFileSync(large, Buffer.alloc(1_000_000, "x"));
    const response = await file(large);
    const sizes: number[] = [];
    for await (const chunk of response.body ?? []) sizes.push(chunk.byteLength);
    assert.ok(Math.max(...sizes) <= 65_536);
    assert.equal(
      sizes.reduce((sum, size) => sum + size),
      1_000_000,
    );
  });
});
