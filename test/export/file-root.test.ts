import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import type { MillraceError } from "millrace";
import { file } from "millrace/export";

import { missing } from "../support/required.ts";

let folder: string;
let root: string;

before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-root-")));
  root = join(folder, "public");
  mkdirSync(join(root, "sub"), { recursive: true });
  mkdirSync(join(folder, "public-not"));
  writeFileSync(join(root, "a.txt"), "a");
  writeFileSync(join(root, "sub", "b.txt"), "b");
  writeFileSync(join(root, "..c.txt"), "c");
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "public-not", "secret.txt"), "secret");
  symlinkSync("a.txt", join(root, "inside"));
  symlinkSync(join(folder, "secret.txt"), join(root, "outside"));
  symlinkSync(folder, join(root, "up"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync("gone", join(root, "dangling"));
});
after(() => rmSync(folder, { recursive: true }));

/** What somebody who looks for `name` below the root gets. */
async function found(name: string): Promise<string> {
  return (await file(name, { root })).text();
}

/** A file that is not there, with this code of the system's in its cause. */
const notFound = (cause?: string) => (error: MillraceError) => {
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  assert.deepEqual([error.code, code], ["FILE_NOT_FOUND", cause]);
  assert.ok(!/[\r\n\0]/.test(error.message));
  return true;
};

describe("a path with a root", () => {
  test("is looked for below it, whatever it begins with", async () => {
    assert.equal(await found("a.txt"), "a");
    assert.equal(await found("/a.txt"), "a");
    assert.equal(await found("//a.txt"), "a");
    assert.equal(await found("./sub/../sub//b.txt"), "b");
    assert.equal(await found("..c.txt"), "c");
    assert.equal(await (await file("a.txt", { root: `${root}/` })).text(), "a");
    assert.equal(await (await file("a.txt", { root: pathToFileURL(root) })).text(), "a");
    assert.equal(await (await file(join(root, "a.txt"), { root: "/" })).text(), "a");
  });

  test("does not lead out of it", async () => {
    for (const name of [
      ...["../secret.txt", "sub/../../secret.txt", "/../secret.txt", "../public-not/secret.txt"],
      ...["outside", "up/secret.txt", "up/public-not/secret.txt"],
    ]) {
      await assert.rejects(found(name), notFound(), name);
    }
    await assert.rejects(found(join(folder, "secret.txt")), notFound("ENOENT"));
  });

  test("may come back into it, and through links that stay in it", async () => {
    assert.equal(await found("inside"), "a");
    assert.equal(await found("../public/a.txt"), "a");
    assert.equal(await found("up/public/a.txt"), "a");
  });

  test("of a root that is not there is a mistake of the view", async () => {
    await assert.rejects(file("a.txt", { root: join(folder, "gone") }), (error: MillraceError) => {
      return error.code === "OPTION_INVALID";
    });
  });
});

describe("a path without a root", () => {
  test("may be any file, and a link to one", async () => {
    assert.equal(await (await file(join(root, "outside"))).text(), "secret");
    assert.equal(await (await file(join(root, "up", "secret.txt"))).text(), "secret");
  });
});

describe("FILE_NOT_FOUND", () => {
  test("is every name under which there is no file, with what the system said in its cause", async () => {
    for (const [name, cause] of [
      ["gone.txt", "ENOENT"],
      ["dangling", "ENOENT"],
      ["a.txt/b", "ENOTDIR"],
      ["a.txt/", "ENOTDIR"],
      ["loop", "ELOOP"],
      ["x".repeat(300), "ENAMETOOLONG"],
      ["a.txt\0.png", "ERR_INVALID_ARG_VALUE"],
      ["gone\r\nX-Fake: log line", "ENOENT"],
      ["sub", undefined],
      ["/", undefined],
      ["", undefined],
      [".", undefined],
    ] as const) {
      await assert.rejects(file(join(root, name)), notFound(cause), name);
      await assert.rejects(found(name), notFound(cause), name);
    }
    await assert.rejects(file("a\0"), notFound("ERR_INVALID_ARG_VALUE"));
    await assert.rejects(file(""), notFound("ENOENT"));
  });

  test(
    "is a pipe, a socket or a device, and none of them is waited for",
    { skip: missing("mkfifo") },
    async () => {
      execFileSync("mkfifo", [join(root, "pipe")]);
      await assert.rejects(found("pipe"), notFound());
      await assert.rejects(file(join(root, "pipe")), notFound());
      await assert.rejects(file("/dev/null"), notFound());
    },
  );

  test("is a file that may not be read", async () => {
    const path = join(root, "private.txt");
    writeFileSync(path, "private");
    chmodSync(path, 0);
    const isRoot = process.getuid?.() === 0; // who may read everything
    if (isRoot) process.seteuid?.(65_534);
    try {
      await assert.rejects(file(path), notFound("EACCES"));
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});
