import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { file, type FileOptions } from "millrace/export";

const bytes = new TextEncoder().encode("0123456789");
const lastModified = new Date("2020-05-17T12:34:56Z");
const same = "Sun, 17 May 2020 12:34:56 GMT";
const before = "Sun, 17 May 2020 12:34:55 GMT";
const after = "Sun, 17 May 2020 12:34:57 GMT";

/** The status that a request with these fields gets for a file with the tag "v1" and the date `same`. */
async function statusOf(
  fields: Record<string, string>,
  options: FileOptions & { method?: string } = {},
): Promise<number> {
  const { method = "GET", ...rest } = options;
  const request = new Request("http://localhost/", { method, headers: fields });
  const response = await file(bytes, { request, etag: "v1", lastModified, ...rest });
  const size = (await response.arrayBuffer()).byteLength;
  assert.equal(size > 0, response.status < 300 && method !== "HEAD");
  return response.status;
}

describe("the conditions of a request", () => {
  for (const [field, cases] of Object.entries({
    "if-match": {
      '"v1"': 200,
      '"v0", "v1"': 200,
      '"v0",,"v1" ': 200,
      "*": 200,
      '"v0"': 412,
      'W/"v1"': 412,
      v1: 412,
      "": 412,
    },
    "if-none-match": {
      '"v1"': 304,
      'W/"v1"': 304,
      '"v0", W/"v1"': 304,
      '"with, comma","v1"': 304,
      "*": 304,
      '"v0"': 200,
      v1: 200,
      '"V1"': 200,
      "": 200,
    },
    "if-modified-since": {
      [same]: 304,
      [after]: 304,
      [before]: 200,
      "Sunday, 17-May-20 12:34:56 GMT": 304,
      "Sun May 17 12:34:56 2020": 304,
      "Sun May  7 12:34:56 2020": 200,
      "Saturday, 17-May-99 12:34:56 GMT": 200, // 1999
      yesterday: 200,
      "0": 200,
      "2020-05-17T12:34:57Z": 200,
      "Sun, 17 May 2020 12:34:57": 200,
      "Sun, 17 May 2020 12:34:61 GMT": 200,
      "Sun, 17 Foo 2020 12:34:57 GMT": 200,
    },
    "if-unmodified-since": { [same]: 200, [after]: 200, [before]: 412, yesterday: 200 },
  })) {
    test(`${field} is judged as RFC 9110 says`, async () => {
      for (const [value, status] of Object.entries(cases)) {
        assert.equal(await statusOf({ [field]: value }), status, `${field}: ${value}`);
        assert.equal(await statusOf({ [field]: value }, { method: "HEAD" }), status);
      }
    });
  }

  test("are looked at in the order of RFC 9110 13.2.2", async () => {
    for (const [fields, status] of [
      [{ "if-match": '"v1"', "if-unmodified-since": before }, 200],
      [{ "if-match": '"v0"', "if-none-match": '"v1"' }, 412],
      [{ "if-match": '"v1"', "if-none-match": '"v1"' }, 304],
      [{ "if-unmodified-since": before, "if-none-match": '"v1"' }, 412],
      [{ "if-unmodified-since": same, "if-none-match": '"v1"' }, 304],
      [{ "if-none-match": '"v0"', "if-modified-since": after }, 200],
      [{ "if-none-match": '"v1"', "if-modified-since": before }, 304],
      [{ "if-none-match": '"v1"', range: "bytes=0-1" }, 304],
      [{ "if-modified-since": same, range: "bytes=99-" }, 304],
      [{ "if-match": '"v0"', range: "bytes=0-1" }, 412],
      [{ "if-match": '"v1"', range: "bytes=0-1" }, 206],
    ] as const) {
      assert.equal(await statusOf(fields), status, JSON.stringify(fields));
    }
  });

  test("that are about what the file has not got do not count, but If-Match", async () => {
    const bare = { etag: false, lastModified: false } as const;
    assert.equal(await statusOf({ "if-none-match": '"v1"' }, bare), 200);
    assert.equal(await statusOf({ "if-modified-since": after }, bare), 200);
    assert.equal(await statusOf({ "if-unmodified-since": before }, bare), 200);
    assert.equal(await statusOf({ "if-match": '"v1"' }, bare), 412);
    assert.equal(await statusOf({ "if-match": "*" }, bare), 200);
  });

  test("do not count for other methods, nor without a request", async () => {
    const fields = { "if-none-match": '"v1"', "if-match": '"v0"', range: "bytes=0-1" };
    for (const method of ["POST", "PUT", "DELETE"]) {
      assert.equal(await statusOf(fields, { method }), 200);
    }
    assert.equal((await file(bytes, { etag: "v1" })).headers.get("accept-ranges"), "none");
  });

  test("use the tag and the date of the view's own headers", async () => {
    const headers = { etag: 'W/"mine"', "last-modified": before };
    assert.equal(await statusOf({ "if-none-match": '"mine"' }, { headers }), 304);
    assert.equal(await statusOf({ "if-none-match": '"v1"' }, { headers }), 200);
    assert.equal(await statusOf({ "if-modified-since": before }, { headers }), 304);
  });
});

describe("an answer without the file", () => {
  const headers = {
    "cache-control": "public, max-age=60",
    "content-language": "en",
    "content-location": "/report.1.txt",
    expires: after,
    "set-cookie": "seen=1",
    vary: "cookie",
  };
  const fixed = { "accept-ranges": "bytes", "x-content-type-options": "nosniff" };

  test("that says 304 keeps what a cache brings up to date, and nothing about a body", async () => {
    const request = new Request("http://localhost/", { headers: { "if-none-match": '"v1"' } });
    const given = { request, filename: "report.txt", etag: "v1", lastModified, headers };
    const response = await file(bytes, given);
    const { "content-language": _, ...kept } = headers;
    const made = { etag: '"v1"', "last-modified": same };
    assert.deepEqual(Object.fromEntries(response.headers), { ...fixed, ...made, ...kept });
    assert.equal(response.body, null);
  });

  test("that refuses is not kept by any cache in the file's stead", async () => {
    for (const [fields, status] of [
      [{ "if-match": '"v0"' }, 412],
      [{ range: "bytes=99-" }, 416],
    ] as const) {
      const request = new Request("http://localhost/", { headers: fields });
      const given = { request, filename: "report.txt", etag: "v1", lastModified, headers };
      const response = await file(bytes, given);
      assert.equal(response.status, status);
      assert.deepEqual(Object.fromEntries(response.headers), {
        ...fixed,
        "cache-control": "no-store",
        "content-length": "0",
        "content-location": "/report.1.txt",
        "set-cookie": "seen=1",
        vary: "cookie",
        ...(status === 416 ? { "content-range": "bytes */10" } : {}),
      });
      assert.equal(await response.text(), "");
    }
  });
});
