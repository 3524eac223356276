import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { missing } from "../support/required.ts";
import { startCaddyWith } from "./support/caddy.ts";
import { startHaproxyWith } from "./support/haproxy.ts";
import { startNginxWith } from "./support/nginx.ts";
import { startOrigin } from "./support/origin.ts";
import type { Proxy } from "./support/proxy.ts";
import { openReader } from "./support/reader.ts";

/** How a block of each language is run: `program` is what it needs, `start` puts it where it belongs. */
const languages: Record<string, { program: string; start: (text: string) => Promise<Proxy> }> = {
  nginx: { program: "nginx", start: (text) => startNginxWith(text) },
  // The first line names the backend, as in ours.
  haproxy: { program: "haproxy", start: (text) => startHaproxyWith(text.replace(/^.*\n/, "")) },
  // The outermost block is the site.
  caddyfile: {
    program: "caddy",
    start: (text) => startCaddyWith(text.replace(/^[^{]*\{\n([^]*)\}\s*$/, "$1")),
  },
};

const page = readFileSync(resolve(import.meta.dirname, "../../docs/proxies.md"), "utf8");
const blocks = Array.from(page.matchAll(/^```(\w+)\n(.*?)^```$/gms), (match) => ({
  line: page.slice(0, match.index).split("\n").length,
  language: languages[match[1] ?? ""],
  text: match[2] ?? "",
}));

describe("the configurations in docs/proxies.md", () => {
  for (const { line, language, text } of blocks) {
    if (language === undefined) continue; // TypeScript, which other tests run
    const { program, start } = language;
    test(`line ${line} makes ${program} pass chunks on`, { skip: missing(program) }, async () => {
      const origin = await startOrigin();
      assert.match(text, /127\.0\.0\.1:8000/);
      const proxy = await start(
        text.replaceAll("127.0.0.1:8000", `127.0.0.1:${origin.server.port}`),
      );
      const { promise: maySend, resolve: sendSecond } = Promise.withResolvers<void>();
      const path = origin.mount(
        () =>
          new StreamingHttpResponse(async function* () {
            yield "first\n";
            await maySend;
            yield "second\n";
          }),
      );
      try {
        const reader = await openReader(proxy.url + path);
        assert.equal(await reader.read(), "first\n");
        sendSecond();
        assert.equal(await reader.readAll(), "second\n");
      } finally {
        await proxy.stop();
        await origin.server.close({ drain: 0 });
      }
    });
  }
});
