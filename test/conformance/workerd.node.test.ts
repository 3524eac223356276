import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { OutcomeType } from "millrace";

import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { runtime } from "../support/runtime.ts";
import { Reader, type RunningHost } from "./client.ts";
import { startWorkerd, workerd } from "./hosts/workerd.ts";
import { testHost } from "./suite.ts";

const { skip } = runtime("workerd");

describe("on workerd", { skip }, () => {
  if (skip === false) testHost(workerd);

  describe("a stream that waits for another request", () => {
    let host: RunningHost;
    const outcomes = async () =>
      (await (await fetch(`${host.url}/outcomes`)).json()) as OutcomeType[]; // its answer, in JSON
    before(async () => {
      host = await startWorkerd("workerd-channel.ts");
    });
    after(() => host?.close());

    test("is ended by workerd when nothing of its own is pending", async () => {
      const { code, text } = await curl([`${host.url}/channel`]);
      assert.deepEqual([code, text], [18, "data: hello\n\n"]);
      assert.deepEqual(await outcomes(), []);
    });

    test("lives with a heartbeat, which also shows that the client has left", async () => {
      const reader = new Reader([`${host.url}/channel?heartbeat=100`]);
      assert.ok(await reader.until("data: hello\n\n:\n\n"));
      await fetch(`${host.url}/publish?text=news`);
      assert.ok(await reader.until("data: news\n\n"));
      await reader.leave();
      await eventually(async () => (await outcomes()).length > 0);
      assert.deepEqual(await outcomes(), ["cancelled"]);
    });

    test("lives with an idle limit, which ends it", async () => {
      const { code, text } = await curl([`${host.url}/channel?idle=500`]);
      assert.deepEqual([code, text], [18, "data: hello\n\n"]);
      assert.deepEqual(await outcomes(), ["cancelled", "timed-out"]);
    });
  });
});
