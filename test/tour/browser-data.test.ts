import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { Browser } from "playwright-core";

import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { launchChromium, openIn } from "./chromium.ts";
import { startTour, type RunningTour } from "./start-tour.ts";

/** For what the browser shows; a busy machine takes its time. */
const timeout = 20_000;

describe(
  "exports and compression in Chromium with JavaScript switched off",
  { skip: missing("chromium"), timeout: 60_000 },
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

    test("the list of exports shows one that runs in a tab, and that closing the tab cancels it", async () => {
      const page = await openPage("/export");
      const list = page.frameLocator("iframe[name=export-progress]");
      await page.getByLabel("50 million").check();
      const opened = page.context().waitForEvent("page");
      await page.getByText("JSON in a tab").click();
      const tab = await opened;
      const row = list.locator("li:visible", { hasText: "flights.json" });
      await row.getByText(/[1-9][\d,]* of 50,000,000 rows/).waitFor({ timeout });
      assert.equal(await row.locator("progress").count(), 1);
      await tab.close();
      await row.getByText("cancelled").waitFor({ timeout });
      await page.context().close();
    });

    test("a button saves an export, and the lines for a terminal follow the size", async () => {
      const page = await openPage("/export");
      await page.getByLabel("100,000").check();
      const lines = page.locator(".terminal:visible", { hasText: "flights.csv" });
      assert.match(await lines.first().innerText(), /curl -OJ '.*\/flights\.csv\?rows=100000'/);
      const saving = page.waitForEvent("download");
      await page.getByRole("button", { name: "XLSX" }).click();
      const saved = await saving;
      assert.equal(saved.suggestedFilename(), "flights.xlsx");
      assert.equal(await saved.failure(), null);
      const list = page.frameLocator("iframe[name=export-progress]");
      await list.locator("li:visible", { hasText: "100,000 rows" }).waitFor({ timeout });
      await page.context().close();
    });

    test("departures arrive compressed as they do plain, and the table compares them", async () => {
      const page = await openPage("/compression");
      for (const name of ["compression-departures", "compression-departures-compressed-on"]) {
        const lines = page.frameLocator(`iframe[name=${name}]`).locator("li");
        const count = await eventually(() => lines.count(), { timeout });
        assert.ok(count < 64, "the rest was still to come");
      }
      await page.getByText("Compare with zstd").click();
      const table = page.frameLocator("iframe[name=compression-arrivals]");
      await table.locator("tbody tr", { hasText: "ms" }).nth(2).waitFor({ timeout });
      assert.equal(await table.locator("tfoot").count(), 0, "the table was still growing");
      await page.context().close();
    });
  },
);
