import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";

import { createAdaptorServer } from "@hono/node-server";
import { createRequestListener } from "millrace/node";

import { startWorkerd } from "../conformance/hosts/workerd.ts";
import { runtime } from "../support/runtime.ts";
import { startProgram } from "../support/start-program.ts";
import { within } from "../support/within.ts";
import { fetch as app, LONG, ROWS } from "./support/app.ts";
import { DecodedReader, getRaw, open } from "./support/client.ts";
import { codings, decode, decodeCut } from "./support/codings.ts";

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

const module = join(import.meta.dirname, "support/default-export.ts");
const bun = runtime("bun");
const deno = runtime("deno");
const workerd = runtime("workerd");

async function listen(server: Server): Promise<Running> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const hosts: readonly [name: string, skip: string | false, start: () => Promise<Running>][] = [
  ["@hono/node-server", false, () => listen(createAdaptorServer({ fetch: app }) as Server)],
  [
    "createRequestListener",
    false,
    () => listen(createServer(createRequestListener({ fetch: app }, { onError() {} }))),
  ],
  [
    "Bun",
    bun.skip,
    () =>
      startProgram(bun.path, ["--conditions=millrace-source", module], {
        port: /http:\/\/\S+:(\d+)/,
      }),
  ],
  [
    "Deno",
    deno.skip,
    () => {
      const address = ["--host=127.0.0.1", "--port=0"];
      const args = ["serve", "--no-lock", "--conditions=millrace-source", ...address, module];
      return startProgram(deno.path, args, {
        env: { DENO_NO_UPDATE_CHECK: "1" },
        port: /http:\/\/\S+:(\d+)/,
      });
    },
  ],
  ["workerd", workerd.skip, () => startWorkerd("../../compress/support/default-export.ts")],
];

for (const [name, skip, start] of hosts) {
  describe(`on ${name}`, { skip, concurrency: 4 }, () => {
    let host: Running;
    before(async () => {
      host = await start();
    });
    after(() => host?.close());

    for (const coding of codings) {
      const accept = { "accept-encoding": coding };

      test(`each chunk comes when it is yielded, in ${coding}`, async () => {
        await using request = open(`${host.url}/slow`, coding);
        const reader = new DecodedReader(request.body, coding);
        for (const [text, all] of [
          ["first ", "first "],
          ["second ", "first second "],
          ["third", `first second ${ROWS} third`],
        ] as const) {
          await within(reader.until(text), text);
          assert.ok(reader.text === all, `${reader.text.length} of ${all.length}`);
        }
        await reader.until("nothing more");
        assert.ok(reader.text === `first second ${ROWS} third fourth`);
        assert.equal(await request.exited, 0);
      });

      test(`the bytes are those of the source, in ${coding}`, async () => {
        for (const [path, plain] of [
          ["/rows", ROWS],
          ["/long", LONG],
        ] as const) {
          const { headers, body } = await getRaw(host.url + path, accept);
          assert.equal(headers["content-encoding"], coding);
          assert.equal(headers.vary, "Accept-Encoding");
          assert.ok(decode(coding, body).toString() === plain, path);
        }
      });

      test(`a failure is no end of the coding, in ${coding}`, async () => {
        await using request = open(`${host.url}/fails`, coding);
        const bytes = await buffer(request.body);
        assert.notEqual(await request.exited, 0);
        assert.deepEqual(await decodeCut(coding, bytes), { text: LONG, whole: false });
      });
    }

    test("what is whole and short stays as it is", async () => {
      const { headers, body } = await getRaw(`${host.url}/short`, { "accept-encoding": "gzip" });
      assert.equal(headers["content-encoding"], undefined);
      assert.equal(headers["content-length"], "5");
      assert.equal(body.toString(), "short");
    });

    test("cookies stay, and the ETag is weak", async () => {
      const { headers } = await getRaw(`${host.url}/cookies`, { "accept-encoding": "gzip" });
      assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
      assert.equal(headers.etag, 'W/"eggs"');
    });
  });
}
