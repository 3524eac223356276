import assert from "node:assert/strict";
import { createReadStream, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import type { MillraceError, StreamOutcome } from "millrace";
import { file, type FileOptions, type FileSource } from "millrace/export";

import { eventually } from "../support/eventually.ts";

const text = "0123456789".repeat(50_000);
const long = new Date("2020-05-17T12:34:56.789Z");
let folder: string;
let path: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-file-"));
  path = join(folder, "report.csv");
  writeFileSync(path, text);
  utimesSync(path, long, long);
});
after(() => rmSync(folder, { recursive: true }));

const request = new Request("http://localhost/");
const head = new Request("http://localhost/", { method: "HEAD" });

/** A code that the call has to fail with. */
const code = (expected: string) => (error: MillraceError) => error.code === expected;

describe("a file", () => {
  test("is sent with its length, type, name and date", async () => {
    const response = await file(path, { request });
    assert.equal(response.status, 200);
    const { etag, ...headers } = Object.fromEntries(response.headers);
    assert.deepEqual(headers, {
      "accept-ranges": "bytes",
      "content-disposition": "inline; filename=report.csv",
      "content-length": "500000",
      "content-type": "text/csv; charset=utf-8",
      "last-modified": "Sun, 17 May 2020 12:34:56 GMT",
      "x-content-type-options": "nosniff",
    });
    assert.match(etag ?? "", /^W?\/?"[\da-z-]+"$/);
    assert.equal(await response.text(), text);
  });

  test("is sent alike from whatever it is in", async () => {
    const sources: (() => FileSource | Promise<FileSource>)[] = [
      () => path,
      () => pathToFileURL(path),
      () => open(path),
      () => createReadStream(path),
      () => new Blob([text]),
      () => new File([text], "report.csv"),
      () => Buffer.from(text),
      () => new TextEncoder().encode(text).buffer,
      () => new Blob([text]).stream(),
    ];
    for (const source of sources) {
      const response = await file(await source(), { request, filename: "report.csv" });
      assert.equal(await response.text(), text, String(source));
      assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8");
      const ranges = response.headers.get("accept-ranges");
      assert.equal(response.headers.get("content-length"), ranges === "none" ? null : "500000");
    }
  });

  test("takes any view of bytes for the bytes that it shows", async () => {
    const bytes = new TextEncoder().encode("0123456789abcdef");
    assert.equal(await (await file(bytes.subarray(2, 5))).text(), "234");
    const view = new DataView(bytes.buffer, 10, 4) as unknown as Uint8Array; // not declared, and harmless
    assert.equal(await (await file(view)).text(), "abcd");
  });

  test("of a stream that reads a file has its name", async () => {
    const response = await file(createReadStream(path), { request });
    assert.equal(response.headers.get("content-disposition"), "inline; filename=report.csv");
    assert.equal(response.headers.get("accept-ranges"), "none");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    assert.equal((await response.text()).length, text.length);
  });

  test("of a File has its name and date", async () => {
    const given = new File(["a"], "a.html", { lastModified: long.getTime() });
    const { headers } = await file(given, { request });
    assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(headers.get("last-modified"), "Sun, 17 May 2020 12:34:56 GMT");
    assert.equal(headers.get("etag"), null);
  });

  test("is sent from where it is told to start, as if there were nothing before", async () => {
    const response = await file(path, { request, start: 499_990 });
    assert.equal(response.headers.get("content-length"), "10");
    assert.equal(await response.text(), "0123456789");
    const ranged = new Request(request, { headers: { range: "bytes=2-3" } });
    const part = await file(await open(path), { request: ranged, start: 499_995 });
    assert.equal(part.headers.get("content-range"), "bytes 2-3/5");
    assert.equal(await part.text(), "78");
    const all = await file(path, { request: head });
    assert.notEqual(part.headers.get("etag"), all.headers.get("etag"));
  });

  test("that is empty is sent as nothing", async () => {
    writeFileSync(join(folder, "empty.txt"), "");
    for (const source of [join(folder, "empty.txt"), new Uint8Array(), new Blob([])]) {
      const response = await file(source, { request });
      assert.equal(response.headers.get("content-length"), "0");
      assert.equal(await response.text(), "");
    }
  });

  test("that is asked for with HEAD has the headers of GET and no body", async () => {
    const whole = await file(path, { request, etag: "v1" });
    const response = await file(path, { request: head, etag: "v1" });
    assert.deepEqual([...response.headers], [...whole.headers]);
    assert.equal(await response.text(), "");
    await whole.body?.cancel();
  });

  test("takes a request of node:http as well", async () => {
    const response = await file(path, {
      request: { method: "GET", headers: { range: "bytes=0-2" } },
    });
    assert.equal(await response.text(), "012");
  });

  test("tells the view how it ended", async () => {
    const outcomes: StreamOutcome[] = [];
    const onClose = (outcome: StreamOutcome) => void outcomes.push(outcome);
    await (await file(path, { request, onClose })).text();
    await (await file(path, { request, onClose })).body?.cancel();
    assert.deepEqual(
      outcomes.map(({ type, bytes }) => [type, bytes]),
      [
        ["complete", 500_000],
        ["cancelled", 0],
      ],
    );
  });
});

describe("the headers of a file", () => {
  /** One header of a file with this name and these options. */
  async function headerOf(name: string, filename: string, options: FileOptions = {}) {
    return (await file(new Uint8Array(), { filename, ...options })).headers.get(name);
  }

  test("have the type that the name says, with a charset for text", async () => {
    for (const [name, type] of [
      ["a.html", "text/html; charset=utf-8"],
      ["a.JS", "text/javascript; charset=utf-8"],
      ["a.json", "application/json"],
      ["a.svg", "image/svg+xml"],
      ["a.mp4", "video/mp4"],
      ["a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
      ["a.parquet", "application/vnd.apache.parquet"],
      ["a.ndjson", "application/x-ndjson"],
      ["a", "application/octet-stream"],
      ["html", "application/octet-stream"],
      ["a.b/c", "application/octet-stream"],
      ["a.", "application/octet-stream"],
      ["a.constructor", "application/octet-stream"],
      ["a.__proto__", "application/octet-stream"],
    ] as const) {
      assert.equal(await headerOf("content-type", name), type, name);
    }
  });

  test("say of a compressed file that it is one, and never undo it as a coding", async () => {
    for (const [suffix, type] of [
      ["gz", "application/gzip"],
      ["bz2", "application/x-bzip2"],
      ["xz", "application/x-xz"],
      ["Z", "application/x-compress"],
      ["br", "application/x-brotli"],
      ["zst", "application/zstd"],
    ] as const) {
      for (const name of [`logs.tar.${suffix}`, `page.html.${suffix}`, `data.${suffix}`]) {
        assert.equal(await headerOf("content-type", name), type, name);
        assert.equal(await headerOf("content-encoding", name), null);
      }
    }
    assert.equal(await headerOf("content-type", "logs.tgz"), "application/gzip");
  });

  test("are the view's own where it has some", async () => {
    const headers = {
      etag: '"mine"',
      "last-modified": "Sun, 17 May 2020 00:00:00 GMT",
      "content-type": "text/x-log",
      "content-disposition": "inline",
      "accept-ranges": "none",
      "cache-control": "max-age=60",
      "x-content-type-options": "",
    };
    const ranged = new Request(request, { headers: { range: "bytes=0-2" } });
    const response = await file(path, { request: ranged, headers });
    assert.deepEqual(Object.fromEntries(response.headers), {
      ...headers,
      "content-length": "500000",
    });
    assert.equal(response.status, 200);
    await response.body?.cancel();
    assert.equal(
      await headerOf("content-type", "a.csv", { contentType: "text/html" }),
      "text/html",
    );
  });

  test("have the tag that is given, in quotes", async () => {
    for (const [given, tag] of [
      ["v1", '"v1"'],
      ['"v1"', '"v1"'],
      ['W/"v1"', 'W/"v1"'],
      ["sha-256=abc+/=", '"sha-256=abc+/="'],
    ] as const) {
      assert.equal(await headerOf("etag", "a", { etag: given }), tag);
    }
    for (const etag of ["a b", 'a"b', "ä€", "a\r\nb", 'W/"']) {
      await assert.rejects(headerOf("etag", "a", { etag }), code("OPTION_INVALID"), etag);
    }
  });

  test("have neither tag nor date when the view wants none", async () => {
    const { headers } = await file(path, { request: head, etag: false, lastModified: false });
    assert.deepEqual([headers.get("etag"), headers.get("last-modified")], [null, null]);
  });

  test("never have a date that is still to come", async () => {
    const lastModified = new Date(Date.now() + 86_400_000);
    const given = await headerOf("last-modified", "a", { lastModified });
    assert.ok(Date.parse(given ?? "") <= Date.now());
  });

  test("have a strong tag once the file has rested, and a weak one right after a write", async () => {
    const rested = await file(process.execPath, { request: head });
    assert.match(rested.headers.get("etag") ?? "", /^"/);
    const fresh = join(folder, "fresh.txt");
    writeFileSync(fresh, "a");
    const tag = (await file(fresh, { request: head })).headers.get("etag");
    assert.match(tag ?? "", /^W\/"/);
  });

  test("have another tag after a write that keeps size and time of modification", async () => {
    const copied = join(folder, "copied.txt");
    const write = async (content: string) => {
      writeFileSync(copied, content);
      utimesSync(copied, long, long);
      return (await file(copied, { request: head })).headers.get("etag");
    };
    const tag = await write("one");
    await eventually(async () => (await write("two")) !== tag, { what: "another tag" }); // a clock may tick in 4 ms
  });
});

describe("what cannot be sent", () => {
  test("is an error at the call that says what to give", async () => {
    for (const source of [42, null, undefined, {}, [], function* () {}, new Date()]) {
      await assert.rejects(file(source as never, { request }), code("SOURCE_INVALID"));
    }
    await assert.rejects(file(new URL("http://localhost/a")), code("SOURCE_INVALID"));
    await assert.rejects(file(new URL("file:///a%2Fb")), code("SOURCE_INVALID"));
    const { body } = new Response("a");
    body?.getReader();
    await assert.rejects(file(body as ReadableStream<Uint8Array>), code("SOURCE_INVALID"));
  });

  test("is an unknown or impossible option", async () => {
    const wrong: [object, string][] = [
      [{ attachement: true }, "OPTION_UNKNOWN"],
      [{ request: "GET /" }, "OPTION_INVALID"],
      [{ request: null }, "OPTION_INVALID"],
      [{ start: -1 }, "OPTION_INVALID"],
      [{ start: 1.5 }, "OPTION_INVALID"],
      [{ start: 500_001 }, "OPTION_INVALID"],
      [{ lastModified: new Date(NaN) }, "OPTION_INVALID"],
      [{ lastModified: "yesterday" }, "OPTION_INVALID"],
      [{ filename: "" }, "OPTION_INVALID"],
      [{ onClose: "no" }, "OPTION_INVALID"],
      [{ root: 42 }, "OPTION_INVALID"],
      [{ root: null }, "OPTION_INVALID"],
      [{ root: "" }, "OPTION_INVALID"],
      [{ root: new URL("http://localhost/") }, "OPTION_INVALID"],
    ];
    for (const [options, expected] of wrong) {
      await assert.rejects(file(path, options), code(expected), JSON.stringify(options));
    }
    await assert.rejects(file(new Blob(["abc"]), { start: 1 }), code("OPTION_INVALID"));
    await assert.rejects(file(new Blob(["abc"]), { root: folder }), code("OPTION_INVALID"));
  });

  test("is a stream that fails, which is an error of the response and not of the process", async () => {
    const response = await file(createReadStream(join(folder, "missing")), { request });
    await assert.rejects(response.text(), code("ENOENT"));
  });
});
