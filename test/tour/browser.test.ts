import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";

import type { Browser } from "playwright-core";

import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { launchChromium, openIn } from "./chromium.ts";
import { startTour, type RunningTour } from "./start-tour.ts";

/** For what the browser shows; a busy machine takes its time. */
const timeout = 20_000;

describe(
  "in Chromium with JavaScript switched off",
  { skip: missing("chromium"), timeout: 120_000 },
  () => {
    let tour: RunningTour;
    let browser: Browser;
    before(async () => {
      tour = await startTour();
      browser = await launchChromium();
    });
    after(async () => {
      await browser?.close();
      await tour?.[Symbol.asyncDispose]();
    });

    const openPage = (path: string) => openIn(browser, tour.url + path);

    test("the first page shows its first line before it has its last", async () => {
      const page = await openPage("/");
      const lines = page.locator(".lines li");
      const count = await eventually(() => lines.count(), { timeout });
      assert.ok(count < 4, "the page was still arriving");
      assert.ok(await page.getByRole("heading", { level: 1 }).isVisible());
      assert.ok(await page.getByText("Five minutes").isVisible(), "what stands below is there");
      await page.getByText("The page is complete.").waitFor({ timeout });
      await page.context().close();
    });

    test("a frame shows the first chunk of a view before the last", async () => {
      const page = await openPage("/async");
      const frame = page.frameLocator("iframe[name=async-chunks]");
      await frame.getByText("Chunk: 0").waitFor({ timeout });
      assert.equal(await frame.getByText("Chunk: 2").count(), 0);
      await frame.getByText("Chunk: 2").waitFor({ timeout });
      await page.context().close();
    });

    test("the list shows a stream that curl holds open, and that it was cancelled", async () => {
      const page = await openPage("/live");
      const list = page.frameLocator("iframe[name=live-streams]");
      const row = list.locator("li:visible", { hasText: "GET /live/ticks" });
      const curl = spawn("curl", ["-sN", `${tour.url}/live/ticks`], { stdio: "ignore" });
      await row.getByText("waiting for the source").waitFor({ timeout });
      curl.kill();
      await row.getByText("cancelled").waitFor({ timeout });
      assert.equal(
        await list.locator(".update:visible").count(),
        1,
        "one state is shown at a time",
      );
      await page.context().close();
    });

    test("the links run a view and leave it", async () => {
      const page = await openPage("/async");
      const figure = page.locator("figure", { has: page.locator("iframe[name=async-counter]") });
      const view = page.frameLocator("iframe[name=async-counter]");
      await figure.getByText("run it").click();
      await view.getByText("Still here: 1").waitFor({ timeout });
      await figure.getByText("leave").click();
      await view.getByText("You left.").waitFor({ timeout });
      const list = page.frameLocator("iframe[name=live-streams-of-async]");
      const row = list.locator("li:visible", { hasText: "GET /async/counter" });
      await row.getByText("cancelled").waitFor({ timeout });
      await page.context().close();
    });

    test("the table grows and the filter asks for fewer rows", async () => {
      const page = await openPage("/data");
      const table = page.frameLocator("iframe[name=table]");
      await table.getByText("25,539 rows").waitFor({ timeout });
      await page.getByLabel("minutes late").fill("400");
      await page.getByText("Show as a table").click();
      await table.getByText("45 rows").waitFor({ timeout });
      await page.context().close();
    });
  },
);
