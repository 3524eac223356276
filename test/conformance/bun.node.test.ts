import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { curl } from "../support/curl.ts";
import { runtime } from "../support/runtime.ts";
import { bun, startBun } from "./hosts/bun.ts";
import { compressed } from "./hosts/compressed.ts";
import { testHost } from "./suite.ts";

const { skip } = runtime("bun");

describe("on Bun", { skip }, () => {
  if (skip === false) {
    testHost(bun);
    testHost(compressed(bun, "gzip"));
  }

  test("silence longer than Bun's idleTimeout ends a stream, unless there is a heartbeat or no timeout", async () => {
    const host = await startBun("bun-idle.ts");
    try {
      const [quiet, beating, untimed] = await Promise.all([
        curl([`${host.url}/silence`]),
        curl([`${host.url}/silence?heartbeat`]),
        curl([`${host.url}/silence?timeout=0`]),
      ]);
      assert.deepEqual([quiet.code, quiet.text], [18, "data: 1\n\n"]);
      assert.equal(beating.code, 0);
      assert.deepEqual([untimed.code, untimed.text], [0, "data: 1\n\ndata: 2\n\n"]);
    } finally {
      await host.close();
    }
  });
});
