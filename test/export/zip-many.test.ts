import assert from "node:assert/strict";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";

import { zipChunks, type ZipEntry } from "millrace/export";

import { missing } from "../support/required.ts";
import { python } from "./support/python.ts";

const program = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
names = archive.namelist()
print(json.dumps({"faulty": archive.testzip(), "count": len(names), "last": names[-1]}))
`;

test("an archive beyond 4 GiB has its directory where the ZIP64 records say", async () => {
  const zeros = new Uint8Array(2 ** 20);
  let tail = Buffer.alloc(0);
  let length = 0;
  const entries: ZipEntry[] = [
    {
      name: "large.jpg",
      *source() {
        for (let part = 0; part < 4_097; part++) yield zeros;
      },
    },
    { name: "behind.txt", source: "behind" },
  ];
  for await (const chunk of zipChunks(entries)) {
    length += chunk.byteLength;
    tail = Buffer.concat([tail.subarray(-1024), chunk]);
  }
  const at = (offset: number) => Number(offset) - (length - tail.byteLength);
  const locator = tail.lastIndexOf("PK\x06\x07");
  const end = at(Number(tail.readBigUInt64LE(locator + 8)));
  assert.equal(tail.toString("latin1", end, end + 4), "PK\x06\x06");
  assert.equal(tail.readBigUInt64LE(end + 32), 2n);
  const directory = at(Number(tail.readBigUInt64LE(end + 48)));
  assert.equal(tail.toString("latin1", directory, directory + 4), "PK\x01\x02");
  // The header of the second entry: its offset is in the ZIP64 extra field, its sizes are where they always were.
  const second = tail.indexOf("PK\x01\x02", directory + 4);
  assert.equal(tail.readUInt32LE(second + 24), 6);
  assert.equal(tail.readUInt32LE(second + 42), 0xffffffff);
  const extra = tail.indexOf(Buffer.from([1, 0, 8, 0]), second);
  const local = at(Number(tail.readBigUInt64LE(extra + 4)));
  assert.equal(tail.toString("latin1", local, local + 4), "PK\x03\x04");
});

test("70,000 entries are read back whole", { skip: missing("python3") }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-zip-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "many.zip");
  function* entries(): Generator<ZipEntry> {
    for (let number = 0; number < 70_000; number++)
      yield { name: `${number}.txt`, source: number % 10 === 0 ? [`${number}`] : `${number}` };
  }
  await pipeline(zipChunks(entries), createWriteStream(path));
  const seen = await python(program, undefined, [path]);
  assert.deepEqual(seen, { faulty: null, count: 70_000, last: "69999.txt" });
});
