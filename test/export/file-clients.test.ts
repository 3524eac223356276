import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { serve as serveHono } from "@hono/node-server";
import express from "express";
import { file } from "millrace/export";
import { sendResponse } from "millrace/node";

import { serving } from "../node/support/serving.ts";
import { launchChromium } from "../proxies/support/chromium.ts";
import { curl } from "../support/curl.ts";
import { missing } from "../support/required.ts";

const SIZE = 3_000_000;
const long = new Date("2020-05-17T12:34:56Z");
const content = Buffer.alloc(SIZE);
for (let index = 0; index < SIZE; index += 4) content.writeUInt32LE(index, index);

let folder: string;
let path: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-clients-"));
  path = join(folder, "large.bin");
  writeFileSync(path, content);
  utimesSync(path, long, long);
});
after(() => rmSync(folder, { recursive: true }));

const app = (request: Request) => file(path, { request, etag: "v1" });
const status = ["-w", "%{stderr}%{http_version} %{http_code}"];

describe("curl", { skip: missing("curl") }, () => {
  for (const [name, args, version] of [
    ["HTTP/1.0", ["--http1.0"], "1.1"], // what the server answers with
    ["HTTP/1.1", ["--http1.1"], "1.1"],
    ["HTTP/2", ["--http2-prior-knowledge"], "2"],
  ] as const) {
    test(`gets a file, parts of it and its head over ${name}`, async (t) => {
      const server = await serving(t, app, { http2: version === "2" });
      const ask = (...more: string[]) => curl([...args, ...status, ...more, server.url]);
      const whole = await ask();
      assert.deepEqual([whole.code, whole.stderr], [0, `${version} 200`]);
      assert.ok(whole.body.equals(content));
      const part = await ask("-r", "1000000-1999999");
      assert.deepEqual([part.code, part.stderr], [0, `${version} 206`]);
      assert.ok(part.body.equals(content.subarray(1_000_000, 2_000_000)));
      const parts = await ask("-r", "0-9,-200000");
      assert.deepEqual([parts.code, parts.stderr], [0, `${version} 206`]);
      assert.ok(parts.body.includes(content.subarray(-200_000)));
      const head = await ask("--head");
      assert.deepEqual([head.code, head.stderr], [0, `${version} 200`]);
      assert.match(head.text, /^content-length: 3000000\r$/im);
      const beyond = await ask("-r", "3000000-");
      assert.deepEqual([beyond.code, beyond.stderr], [0, `${version} 416`]);
    });
  }

  test("resumes what it has a part of, and sees when it has it all", async (t) => {
    const server = await serving(t, app);
    const output = join(folder, "resumed.bin");
    writeFileSync(output, content.subarray(0, 1_234_567));
    const resumed = await curl(["-C", "-", "-o", output, server.url]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.ok(readFileSync(output).equals(content));
    const again = await curl(["-C", "-", "-o", output, server.url]);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(statSync(output).size, SIZE);
  });

  test("gets a file only when it is newer, or another one", async (t) => {
    const server = await serving(t, app);
    const since = async (time: string) => (await curl([...status, "-z", time, server.url])).stderr;
    assert.equal(await since("17 May 2020 12:34:56 GMT"), "1.1 304");
    assert.equal(await since("17 May 2020 12:34:55 GMT"), "1.1 200");
    assert.equal(await since("-17 May 2020 12:34:55 GMT"), "1.1 412");
    const etags = join(folder, "etag.txt");
    const args = [...status, "--etag-save", etags, "--etag-compare", etags, server.url];
    writeFileSync(etags, "");
    assert.equal((await curl(args)).stderr, "1.1 200");
    assert.equal((await curl(args)).stderr, "1.1 304");
  });

  test("gets the same from Express and from Hono", async (t) => {
    const viaExpress = createServer(
      express().get("/", async (req, res) => {
        await sendResponse(res, await file(path, { request: req, etag: "v1" }));
      }),
    ).listen(0);
    const viaHono = serveHono({ fetch: app, port: 0, createServer });
    for (const server of [viaExpress, viaHono]) {
      if (!server.listening) await once(server, "listening");
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo; // it listens on a port
      const ask = (...more: string[]) => curl([...status, ...more, `http://localhost:${port}/`]);
      assert.ok((await ask()).body.equals(content));
      const part = await ask("-r", "1000000-1999999");
      assert.equal(part.stderr, "1.1 206");
      assert.ok(part.body.equals(content.subarray(1_000_000, 2_000_000)));
      assert.equal((await ask("-H", 'If-None-Match: "v1"')).stderr, "1.1 304");
      assert.match((await ask("--head")).text, /^content-length: 3000000\r$/im);
    }
  });
});

/** Silence, 8000 bytes for each second (RIFF WAVE, PCM of 8 bits). */
function silence(seconds: number): Buffer {
  const size = seconds * 8_000;
  const head = Buffer.alloc(44);
  head.write("RIFF");
  head.writeUInt32LE(36 + size, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(size, 40);
  return Buffer.concat([head, Buffer.alloc(size, 0x80)]);
}

describe("Chromium", { skip: missing("chromium") }, () => {
  test("plays a recording from near its end without fetching what is before", async (t) => {
    const recording = join(folder, "silence.wav");
    writeFileSync(recording, silence(10_000));
    const ranges: number[] = [];
    let bytes = 0;
    const server = await serving(t, async (request) => {
      if (!request.url.endsWith(".wav")) {
        const page =
          "<!doctype html><link rel=icon href=data:,><audio preload=metadata src=/a.wav>";
        return new Response(page, { headers: { "content-type": "text/html" } });
      }
      ranges.push(Number(/^bytes=(\d+)-/.exec(request.headers.get("range") ?? "")?.[1]));
      return file(recording, { request, onClose: (outcome) => void (bytes += outcome.bytes) });
    });
    const browser = await launchChromium();
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(server.url);
    const duration = await page.evaluate(async () => {
      const { document } = globalThis as unknown as AudioPage;
      const audio = document.querySelector("audio");
      const seeked = new Promise((resolve) => audio.addEventListener("seeked", resolve));
      if (Number.isNaN(audio.duration))
        await new Promise((resolve) => audio.addEventListener("loadedmetadata", resolve));
      audio.currentTime = 9_900;
      await seeked;
      return audio.duration;
    });
    assert.equal(duration, 10_000);
    assert.equal(ranges[0], 0);
    assert.ok(Math.max(...ranges.slice(1)) > 70_000_000, `asked for bytes from ${ranges.join()}`);
    await browser.close();
    await server.close();
    assert.ok(bytes < 40_000_000, `sent ${bytes} of 80000044 bytes`);
  });

  test("saves a file whole, under its name", async (t) => {
    const server = await serving(t, (request) =>
      file(path, { request, filename: "größe 100%.bin", attachment: true }),
    );
    const browser = await launchChromium();
    t.after(() => browser.close());
    const page = await browser.newPage();
    const downloading = page.waitForEvent("download");
    await page.goto(server.url).catch(() => {}); // it becomes a download
    const download = await downloading;
    assert.equal(download.suggestedFilename(), "größe 100%.bin");
    const saved = join(folder, "saved.bin");
    await download.saveAs(saved);
    assert.ok(readFileSync(saved).equals(content));
  });
});

/** As much of a page as its script uses; the types of browsers are not loaded here. */
interface AudioPage {
  readonly document: { querySelector(name: "audio"): Audio };
}
interface Audio {
  readonly duration: number;
  currentTime: number;
  addEventListener(name: string, listener: (event: unknown) => void): void;
}
