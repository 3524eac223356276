import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import { compress } from "millrace/compress";
import type { Browser, Page } from "playwright-core";

import { launchChromium } from "../proxies/support/chromium.ts";
import { serving } from "../node/support/serving.ts";
import { missing } from "../support/required.ts";
import { codings } from "./support/codings.ts";
import { gated } from "./support/gated.ts";

/** What the scripts below keep in the page between two calls. */
interface Reading {
  reader?: ReadableStreamDefaultReader<Uint8Array>;
  text?: string;
}

/** Reads on until there are `length` characters, or the end; returns all that was read. */
function readUntil(page: Page, length: number): Promise<string> {
  return page.evaluate(async (wanted) => {
    const reading = globalThis as Reading;
    reading.reader ??= (
      await fetch("/stream")
    ).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    reading.text ??= "";
    while (reading.text.length < wanted) {
      const step = await reading.reader.read();
      if (step.done) break;
      reading.text += new TextDecoder().decode(step.value);
    }
    return reading.text;
  }, length);
}

describe("Chromium", { skip: missing("chromium") }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  for (const coding of codings) {
    test(`a script reads each chunk before the next is made, in ${coding}`, async (t) => {
      const chunks = ["first ", "second ", "large ".repeat(20_000), "last"];
      const { source, next } = gated(chunks);
      let coded: string | null = null;
      const server = await serving(t, (request) => {
        if (!request.url.endsWith("/stream"))
          return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
        const response = compress(new StreamingHttpResponse(source), request, {
          codings: [coding],
        });
        coded = response.headers.get("content-encoding");
        return response;
      });
      const page = await browser.newPage();
      await page.goto(server.url);
      let expected = "";
      for (const chunk of chunks) {
        next();
        expected += chunk;
        assert.ok((await readUntil(page, expected.length)) === expected);
      }
      assert.equal(coded, coding);
      await page.close();
    });
  }

  test("an EventSource gets each event before the next is made", async (t) => {
    const { source, next } = gated(["data: first\n\n", "data: second\n\n"]);
    let coded: string | null = null;
    const server = await serving(t, (request) => {
      if (!request.url.endsWith("/events"))
        return new Response("<!doctype html><ul></ul>", {
          headers: { "content-type": "text/html" },
        });
      const response = compress(
        new StreamingHttpResponse(source, { contentType: "text/event-stream" }),
        request,
      );
      coded = response.headers.get("content-encoding");
      return response;
    });
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.evaluate(`
      const events = new EventSource("/events");
      events.onmessage = ({ data }) => document.querySelector("ul").append(data);
    `);
    for (const text of ["first", "second"]) {
      next();
      await page.getByText(text).waitFor();
    }
    assert.equal(coded, "gzip");
    await page.close();
  });
});
