import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import { serve } from "millrace/node";

import { eventually } from "../support/eventually.ts";
import { captureWarnings } from "./support/watch.ts";

test("the warning of a source that does not finish names the request", async (t) => {
  const warnings = captureWarnings(t);
  const server = await serve(
    () =>
      new StreamingHttpResponse(async function* () {
        yield "row\n";
        await new Promise(() => {});
      }),
    { port: 0 },
  );
  t.after(() => server.close({ drain: 0 }));
  const controller = new AbortController();
  const { signal } = controller;
  const response = await fetch(`${server.url}/export?rows=all`, { signal });
  const reader = response.body!.getReader();
  await reader.read();
  controller.abort();
  await eventually(() => warnings.length > 0, { timeout: 15_000, what: "the warning" });
  const { code, message } = warnings[0]!;
  assert.equal(code, "SOURCE_DEAF");
  assert.match(message, /^The source of GET \/export\?rows=all \(\d+\.\d s old\)/);
});
