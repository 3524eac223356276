import assert from "node:assert/strict";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";

import { zipChunks, type ZipEntry } from "millrace/export";

import { missing } from "../support/required.ts";
import { python } from "./support/python.ts";

const skip = missing("python3");
const MIB = 2 ** 20;

const program = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
sizes = [[entry.filename, entry.file_size] for entry in archive.infolist()]
print(json.dumps({"faulty": archive.testzip(), "sizes": sizes}))
`;

test("an entry beyond 4 GiB and one behind it are read back whole", { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-zip-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "large.zip");
  const zeros = new Uint8Array(MIB);
  const entries: ZipEntry[] = [
    { name: "before.txt", source: "before" },
    {
      name: "large.bin",
      *source() {
        for (let part = 0; part < 4_097; part++) yield zeros;
      },
    },
    { name: "behind.txt", source: () => ["behind"] },
  ];
  await pipeline(zipChunks(entries, { level: 1 }), createWriteStream(path));
  const seen = await python(program, undefined, [path]);
  assert.deepEqual(seen, {
    faulty: null,
    sizes: [
      ["before.txt", 6],
      ["large.bin", 4_097 * MIB],
      ["behind.txt", 6],
    ],
  });
});
