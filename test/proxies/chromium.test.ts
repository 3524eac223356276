import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";
import type { Page } from "playwright-core";

import type { View } from "./support/origin.ts";
import { http11, http2, http3, type Site } from "./support/sites.ts";

for (const kind of [http11, http2, http3]) {
  describe(kind.name, { skip: kind.skip() }, () => {
    let site: Site;
    before(async () => {
      site = await kind.open();
    });
    after(async () => {
      await site?.stop();
    });

    const hides = kind.hidesCuts();
    const url = (view: View) => site.url + site.origin.mount(view);
    /** A page of the site, for scripts to run in. */
    const openPage = async () => {
      const page = await site.browser.newPage();
      await page.goto(url(() => new StreamingHttpResponse(["<!doctype html><title>page</title>"])));
      return page;
    };

    test(`a page arrives, over ${kind.protocol}`, async () => {
      const page = await openPage();
      const protocol = await page.evaluate(() => {
        const timing = performance as unknown as NavigationTiming;
        return timing.getEntriesByType("navigation")[0]?.nextHopProtocol;
      });
      assert.equal(protocol, kind.protocol);
      await page.close();
    });

    test("a page shows its first part before the second is made", async () => {
      const { promise: maySend, resolve: sendSecond } = Promise.withResolvers<void>();
      const page = await site.browser.newPage();
      const streamed = url(
        () =>
          new StreamingHttpResponse(async function* () {
            yield "<!doctype html><title>page</title><p>first part</p>";
            await maySend;
            yield "<p>second part</p>";
          }),
      );
      await page.goto(streamed, { waitUntil: "commit" });
      await page.getByText("first part").waitFor();
      assert.equal(await page.getByText("second part").count(), 0);
      sendSecond();
      await page.getByText("second part").waitFor();
      await page.close();
    });

    test("a script reads each chunk before the next is made", async () => {
      const turns = [0, 1, 2].map(() => Promise.withResolvers<void>());
      const page = await openPage();
      const streamed = url(
        () =>
          new StreamingHttpResponse(async function* () {
            for (const [index, { promise }] of turns.entries()) {
              await promise;
              yield `chunk ${index}`;
            }
          }),
      );
      turns[0]?.resolve();
      await startReading(page, streamed);
      for (const [index] of turns.entries()) {
        turns[index]?.resolve();
        assert.equal(await readChunk(page), `chunk ${index}`);
      }
      assert.equal(await readChunk(page), "done");
      await page.close();
    });

    const failing = (headers: Record<string, string>) =>
      new StreamingHttpResponse(
        async function* () {
          yield "first";
          await delay(100); // it has left
          throw new Error("the database went away");
        },
        { headers },
      );

    test("a script that reads a stream whose source throws sees the error", async () => {
      const page = await openPage();
      await startReading(
        page,
        url(() => failing({})),
      );
      assert.equal(await readChunk(page), "first");
      // Pinned: behind a proxy that hides it, nothing that a server can do makes the cut visible.
      assert.equal(await readChunk(page), hides ? "done" : "TypeError: network error");
      await page.close();
    });

    test("a script that reads a stream that is cut before its Content-Length sees an error", async () => {
      const page = await openPage();
      await startReading(
        page,
        url(() => failing({ "content-length": "100" })),
      );
      let last = await readChunk(page);
      if (last === "first") last = await readChunk(page); // an error can discard what nobody has read
      // Pinned as well: over HTTP/3 the length does not help.
      assert.equal(last, hides ? "done" : "TypeError: network error");
      await page.close();
    });

    test("a tab that is closed cancels its stream", async (t) => {
      const { promise: ended, resolve: onClose } = Promise.withResolvers<StreamOutcome>();
      const page = await site.browser.newPage();
      const endless = url(
        () =>
          new StreamingHttpResponse(
            async function* ({ signal }) {
              while (true) {
                yield "<p>part</p>";
                await delay(100, undefined, { signal });
              }
            },
            { onClose },
          ),
      );
      await page.goto(endless, { waitUntil: "commit" });
      await page.getByText("part").first().waitFor();
      const closedAt = performance.now();
      await page.close();
      assert.equal((await ended).type, "cancelled");
      t.diagnostic(
        `cancelled ${Math.round(performance.now() - closedAt)} ms after the tab was closed`,
      );
    });
  });
}

/** What browsers have beyond the `performance` of Node. */
interface NavigationTiming {
  getEntriesByType(type: "navigation"): readonly { readonly nextHopProtocol: string }[];
}

/** What the scripts below keep in the page between two calls. */
interface Reading {
  reader?: ReadableStreamDefaultReader<Uint8Array>;
}

function startReading(page: Page, url: string): Promise<void> {
  return page.evaluate(async (address) => {
    const { body } = await fetch(address);
    (globalThis as Reading).reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  }, url);
}

/** The next chunk as text, `done`, or what `read()` rejects with. */
function readChunk(page: Page): Promise<string> {
  return page.evaluate(async () => {
    try {
      const step = await (globalThis as Reading).reader?.read();
      return step?.done === false ? new TextDecoder().decode(step.value) : "done";
    } catch (error) {
      return String(error);
    }
  });
}
