import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import * as fc from "fast-check";
import { file, type FileOptions, type FileSource } from "millrace/export";

const digits = new TextEncoder().encode("0123456789");
const lastModified = new Date("2020-05-17T12:34:56Z");

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), "millrace-ranges-"))));
after(() => rmSync(folder, { recursive: true }));

interface Fields {
  [name: string]: string;
}

function ask(source: FileSource, range: string, fields: Fields = {}, options: FileOptions = {}) {
  const request = new Request("http://localhost/", { headers: { range, ...fields } });
  return file(source, { request, etag: "v1", lastModified, ...options });
}

/** The parts of a multipart/byteranges body (RFC 9110 14.6), read by what the standard says and nothing more. */
async function partsOf(
  response: Response,
): Promise<{ range: string; type: string; body: string }[]> {
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(
    response.headers.get("content-type") ?? "",
  )?.[1];
  const body = Buffer.from(await response.arrayBuffer()).toString("latin1");
  assert.equal(response.headers.get("content-length"), String(body.length));
  assert.equal(response.headers.get("content-range"), null);
  const [preamble, ...parts] = `\r\n${body}`.split(`\r\n--${boundary}`);
  assert.equal(preamble?.trim(), "");
  assert.equal(parts.pop(), "--\r\n");
  return parts.map((part) => {
    const [, head = "", content = ""] = /^\r\n(.*?)\r\n\r\n(.*)$/s.exec(part) ?? [];
    const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? "";
    return { range: /^content-range: (.*)$/im.exec(head)?.[1] ?? "", type, body: content };
  });
}

describe("a Range", () => {
  test("of one part is sent as just that", async () => {
    for (const [range, expected, content] of [
      ["bytes=0-0", "0-0", "0"],
      ["bytes=2-4", "2-4", "234"],
      ["bytes=7-", "7-9", "789"],
      ["bytes=7-99", "7-9", "789"],
      ["bytes=7-99999999999999999999999", "7-9", "789"],
      ["bytes=-3", "7-9", "789"],
      ["bytes=-99", "0-9", "0123456789"],
      ["BYTES=0-1", "0-1", "01"],
      ["bytes=,, 0-1 ,", "0-1", "01"],
      ["bytes=0-1,99-", "0-1", "01"],
      ["bytes=3-4,2-3,5-5", "2-5", "2345"],
    ] as const) {
      const response = await ask(digits, range);
      assert.equal(response.status, 206, range);
      assert.equal(response.headers.get("content-range"), `bytes ${expected}/10`);
      assert.equal(response.headers.get("content-length"), String(content.length));
      assert.equal(response.headers.get("etag"), '"v1"');
      assert.equal(await response.text(), content);
    }
  });

  test("of several parts is sent as multipart/byteranges, in the order that was asked for", async () => {
    const response = await ask(digits, "bytes=-2, 0-1, 4-5,5-6", {}, { filename: "digits.txt" });
    assert.equal(response.status, 206);
    const type = "text/plain; charset=utf-8";
    assert.deepEqual(await partsOf(response), [
      { range: "bytes 8-9/10", type, body: "89" },
      { range: "bytes 0-1/10", type, body: "01" },
      { range: "bytes 4-6/10", type, body: "456" },
    ]);
  });

  test("that is malformed or in another unit does not count", async () => {
    for (const range of [
      ...["", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=4-2"],
      ...[
        "bytes=0-1,4-2",
        "bytes=0-1;2-3",
        "bytes=0x1-2",
        "bytes=1.5-2",
        "bytes=--1",
        "bytes=0--1",
      ],
      ...["bytes=+1-2", "bytes= 0 - 1", "bytes =0-1", "lines=0-1", "bytes=0-1 2-3"],
    ]) {
      const response = await ask(digits, range);
      assert.equal(response.status, 200, range);
      assert.equal(await response.text(), "0123456789");
    }
  });

  test("of what there is not is a 416 that says how much there is", async () => {
    for (const range of [
      "bytes=10-",
      "bytes=10-11,99-",
      "bytes=-0",
      "bytes=99999999999999999999-",
    ]) {
      const response = await ask(digits, range);
      assert.equal(response.status, 416, range);
      assert.equal(response.headers.get("content-range"), "bytes */10");
      assert.equal(await response.text(), "");
    }
  });

  test("of an empty file is a 416, but for the last bytes of it, which are all there are", async () => {
    assert.equal((await ask(new Uint8Array(), "bytes=0-")).status, 416);
    assert.equal((await ask(new Uint8Array(), "bytes=-0")).status, 416);
    assert.equal((await ask(new Uint8Array(), "bytes=-1")).status, 200);
  });

  test("of more than all, or of very many parts, gets the whole", async () => {
    const many = Array.from({ length: 65 }, (_, index) => `${index * 2}-${index * 2}`).join();
    for (const range of ["bytes=0-,0-", `bytes=${"0-0,".repeat(5_000)}`, "bytes=0-8,1-9"]) {
      assert.equal((await ask(digits, range)).status, 200);
    }
    assert.equal((await ask(new Uint8Array(1_000), `bytes=${many}`)).status, 200);
    const fewer = await ask(new Uint8Array(1_000), `bytes=${many.replace("0-0,", "")}`);
    assert.equal((await partsOf(fewer)).length, 64);
  });

  test("of a file beyond what 32 bits count is sent from where it says", async () => {
    const path = join(folder, "sparse.bin");
    const size = 5 * 2 ** 30;
    writeFileSync(path, "begin");
    truncateSync(path, size); // a hole that takes no room
    const response = await ask(path, "bytes=-3");
    const range = `bytes ${size - 3}-${size - 1}/${size}`;
    assert.equal(response.headers.get("content-range"), range);
    assert.equal(await response.text(), "\0\0\0");
    const parts = await partsOf(await ask(path, `bytes=${size - 2}-${size},0-4`));
    assert.deepEqual(
      parts.map(({ body }) => body),
      ["\0\0", "begin"],
    );
  });

  test("counts for GET only, and where the length is known", async () => {
    const headers = { range: "bytes=0-1" };
    const head = new Request("http://localhost/", { method: "HEAD", headers });
    const response = await file(digits, { request: head });
    assert.deepEqual([response.status, response.headers.get("content-length")], [200, "10"]);
    const stream = await ask(new Blob([digits]).stream(), "bytes=0-1");
    assert.deepEqual([stream.status, stream.headers.get("accept-ranges")], [200, "none"]);
    assert.equal(await stream.text(), "0123456789");
  });
});

describe("If-Range", () => {
  const status = async (ifRange: string, options?: FileOptions) =>
    (await ask(digits, "bytes=0-1", { "if-range": ifRange }, options)).status;

  test("lets the Range count for exactly the version that the client has", async () => {
    assert.equal(await status('"v1"'), 206);
    assert.equal(await status("Sun, 17 May 2020 12:34:56 GMT"), 206);
    assert.equal(await status("Sunday, 17-May-20 12:34:56 GMT"), 206);
  });

  test("gets the whole of every other version, and of what it does not say right", async () => {
    for (const value of [
      ...['"v0"', 'W/"v1"', "v1", '"v1", "v2"', "*", "", "Sun, 17 May 2020 12:34:57 GMT"],
      "Sun, 17 May 2020 12:34:55 GMT",
    ]) {
      assert.equal(await status(value), 200, value);
    }
    assert.equal(await status('W/"v1"', { etag: 'W/"v1"' }), 200);
    assert.equal(await status('"v1"', { etag: false }), 200);
    assert.equal(await status("Sun, 17 May 2020 12:34:56 GMT", { lastModified: false }), 200);
  });

  test("comes before the 416", async () => {
    assert.equal((await ask(digits, "bytes=99-", { "if-range": '"v0"' })).status, 200);
    assert.equal((await ask(digits, "bytes=99-", { "if-range": '"v1"' })).status, 416);
  });
});

describe("any Range", () => {
  const position = fc.integer({ min: 0, max: 300 });
  const spec = fc.oneof(
    fc.tuple(position, position).map(([first, last]) => `${first}-${last}`),
    position.map((first) => `${first}-`),
    position.map((count) => `-${count}`),
  );
  const specs = fc.array(spec, { minLength: 1, maxLength: 6 });

  /** Byte by byte: which bytes of `size` a list of ranges asks for; undefined when one of them makes no sense. */
  function wanted(list: readonly string[], size: number): Set<number> | undefined {
    const all = new Set<number>();
    for (const one of list) {
      const [first = "", last = ""] = one.split("-");
      if (first !== "" && last !== "" && Number(first) > Number(last)) return undefined;
      for (let index = 0; index < size; index++) {
        if (
          first === ""
            ? index >= size - Number(last)
            : index >= Number(first) && index <= Number(last || size)
        )
          all.add(index);
      }
    }
    return all;
  }

  /** How many bytes they are when each is counted for every range that has it. */
  function asked(list: readonly string[], size: number): number {
    return list.reduce((sum, one) => sum + (wanted([one], size)?.size ?? 0), 0);
  }

  test("gets the bytes that it asks for and no others, or all, from bytes as from a file", async () => {
    const path = join(folder, "bytes.bin");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 256 }), specs, async (content, list) => {
        writeFileSync(path, content);
        const expected = wanted(list, content.length);
        for (const source of [content, new Blob([content]), path]) {
          const response = await ask(source, `bytes=${list.join()}`);
          if (response.status === 416) {
            assert.equal(expected?.size, 0);
            continue;
          }
          if (response.status === 200) {
            const { length } = content;
            assert.ok(expected === undefined || asked(list, length) > length || length === 0);
            assert.deepEqual(new Uint8Array(await response.arrayBuffer()), content);
            continue;
          }
          assert.equal(response.status, 206);
          const range = response.headers.get("content-range");
          const parts =
            range === null
              ? await partsOf(response)
              : [{ range, body: Buffer.from(await response.arrayBuffer()).toString("latin1") }];
          const sent = new Set<number>();
          for (const { range: where, body } of parts) {
            const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(where) ?? [];
            assert.equal(Number(size), content.length);
            const bytes = content.subarray(Number(start), Number(end) + 1);
            assert.equal(body, Buffer.from(bytes).toString("latin1"));
            for (let index = Number(start); index <= Number(end); index++) {
              assert.ok(!sent.has(index), "no byte twice");
              sent.add(index);
            }
          }
          assert.deepEqual(sent, expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("whatever it says is answered with 200, 206 or 416", async () => {
    const garbage = fc.string({
      unit: fc.constantFrom(...'bytes=-0123456789, "W/\t'),
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(garbage, garbage, async (range, ifRange) => {
        const response = await ask(digits, `bytes=${range}`, { "if-range": ifRange });
        assert.ok([200, 206, 416].includes(response.status));
        assert.equal(
          (await response.arrayBuffer()).byteLength,
          Number(response.headers.get("content-length")),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});
