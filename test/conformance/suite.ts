import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { compressedApp, plainApp } from "./apps.ts";
import { Client, type RunningHost } from "./client.ts";
import type { Host } from "./host.ts";
import type { Row } from "./row.ts";
import { rows, type RowName } from "./rows.ts";

/** Runs every row over a host. */
export function testHost(host: Host): void {
  const { protocol = "HTTP/1.1", coding, aborts = 1_000, concurrency = 8 } = host;
  const entries = (Object.entries(rows) as [RowName, Row][]).filter(
    ([, { protocols }]) => protocols?.includes(protocol) ?? true,
  );
  let running: RunningHost;

  describe(host.name, () => {
    before(async () => {
      running = await host.start(coding === undefined ? plainApp : compressedApp);
    });
    after(() => running?.close());

    describe("side by side", { concurrency }, () => {
      for (const [name, row] of entries) if (row.alone !== true) testRow(name, row);
    });
    describe("one by one", () => {
      for (const [name, row] of entries) if (row.alone === true) testRow(name, row);
    });
  });

  function testRow(name: RowName, row: Row): void {
    const pinned = host.expects?.[name];
    const deviation = pinned?.here === false ? undefined : pinned;
    const title = deviation === undefined ? row.title : `(not here) ${row.title}: ${deviation.why}`;
    test(title, { skip: host.skips?.[name] ?? false, timeout: 60_000 }, async (t) => {
      const note = (text: string) => t.diagnostic(text);
      const seen = await row.observe(new Client(running, protocol, coding), { aborts, note });
      if (deviation?.sometimes === true && isDeepStrictEqual(seen, row.promise)) {
        return note("here after all, this time");
      }
      assert.deepEqual(seen, { ...row.promise, ...deviation?.sees });
    });
  }
}
