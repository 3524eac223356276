import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as fc from "fast-check";
import { withCompression } from "millrace/compress";
import { serve, type Server } from "millrace/node";
import type { Browser } from "playwright-core";

import { launchChromium } from "../proxies/support/chromium.ts";
import { curl } from "../support/curl.ts";
import { missing } from "../support/required.ts";
import { getRaw } from "./support/client.ts";
import { codings, decode } from "./support/codings.ts";
import { plainOf, plan, quietPlan, respond, sha256, type Part } from "./support/plans.ts";
import { readInPython } from "./support/python.ts";

const plans: (readonly Part[])[] = [];
let server: Server;

before(async () => {
  const app = withCompression((request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    const type = searchParams.has("html") ? "text/html" : "text/plain";
    return respond(plans[Number(pathname.slice(1))] ?? [], type);
  });
  server = await serve(app, { port: 0, http2: true });
});
after(() => server.close({ drain: 0 }));

function mount(parts: readonly Part[]): string {
  return `${server.url}/${plans.push(parts) - 1}`;
}

/** The coded body, as it came. */
async function codedBody(parts: readonly Part[], coding: string): Promise<Buffer> {
  const { body } = await getRaw(mount(parts), { "accept-encoding": coding });
  return body;
}

/** Plans that are the same each time. */
const samples = fc.sample(plan, { numRuns: 40, seed: 7 });
const quietSamples = fc.sample(quietPlan, { numRuns: 60, seed: 7 });

describe("what is decoded is what was yielded", { concurrency: 2 }, () => {
  for (const coding of codings) {
    test(`by fetch, whatever is yielded when, in ${coding}`, async () => {
      const property = fc.asyncProperty(plan, async (parts) => {
        const headers = { "accept-encoding": coding };
        const response = await fetch(mount(parts), { headers });
        assert.equal(response.headers.get("content-encoding"), coding);
        assert.ok(plainOf(parts).equals(new Uint8Array(await response.arrayBuffer())));
      });
      await fc.assert(property, { numRuns: 150 });
    });

    test(`by node:zlib, in ${coding}`, async () => {
      for (const parts of samples) {
        const coded = await codedBody(parts, coding);
        assert.ok(decode(coding, coded).equals(plainOf(parts)));
      }
    });

    for (const flag of ["--http1.0", "--http1.1", "--http2-prior-knowledge"]) {
      test(`by curl with ${flag}, in ${coding}`, async () => {
        const accept = ["-H", `accept-encoding: ${coding}`];
        // curl 7.88 cannot ask twice over one connection with prior knowledge of HTTP/2.
        for (const parts of samples.slice(0, 15)) {
          const { code, body } = await curl([flag, "--compressed", ...accept, mount(parts)]);
          assert.equal(code, 0);
          assert.ok(body.equals(plainOf(parts)));
        }
      });
    }
  }

  test("by Python, which finds one member of gzip", { skip: missing("python3") }, async () => {
    await agreesWithPython(samples);
  });

  test(
    "by Python, in gzip whose source was quiet for long in between",
    { skip: missing("python3") },
    () => agreesWithPython(quietSamples),
  );
});

async function agreesWithPython(all: readonly (readonly Part[])[]): Promise<void> {
  const members = await readInPython(
    await Promise.all(all.map((parts) => codedBody(parts, "gzip"))),
  );
  for (const [index, parts] of all.entries()) {
    const expected = { sha256: sha256(plainOf(parts)), one: true, agrees: true };
    assert.deepEqual(members[index], expected, JSON.stringify(parts));
  }
}

describe("Chromium", { skip: missing("chromium") }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser.close());

  test("decodes gzip, which it gets for HTML", async () => {
    const page = await browser.newPage();
    const landing = await page.goto(`${mount([{ kind: "rows", size: 9, wait: "none" }])}?html`);
    assert.equal(landing?.headers()["content-encoding"], "gzip");
    const all = [...samples, ...quietSamples.slice(0, 12)];
    const seen = await page.evaluate(
      async (paths) => {
        const read = async (path: string) => {
          const body = await (await fetch(path)).arrayBuffer();
          const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
          return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
        };
        return Promise.all(paths.map(read));
      },
      all.map((parts) => `${new URL(mount(parts)).pathname}?html`),
    );
    assert.deepEqual(
      seen,
      all.map((parts) => sha256(plainOf(parts))),
    );
  });
});
