import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import { compress } from "millrace/compress";

import { throughEach } from "../proxies/support/through.ts";
import { within } from "../support/within.ts";
import { DecodedReader, open } from "./support/client.ts";
import { codings, decodeCut } from "./support/codings.ts";
import { gated } from "./support/gated.ts";

// The proxies compress too, and must not do it again.
throughEach({ gzip: true }, (way) => {
  for (const coding of codings) {
    test(`each chunk that was compressed here can be read before the next is made, in ${coding}`, async () => {
      const chunks = ["first (0)", `${"large ".repeat(20_000)}(1)`, "last (2)"];
      const { source, next } = gated(chunks);
      const url = way.url((request) => compress(new StreamingHttpResponse(source), request));
      await using request = open(url, coding);
      const reader = new DecodedReader(request.body, coding);
      for (const index of chunks.keys()) {
        next();
        await within(reader.until(`(${index})`), `chunk ${index}`);
        assert.ok(reader.text === chunks.slice(0, index + 1).join(""));
      }
      assert.equal(await request.exited, 0);
    });

    test(`a failure is no end of the coding, whatever the proxy makes of it, in ${coding}`, async () => {
      const source = async function* () {
        yield "text ".repeat(1_000);
        await delay(250);
        throw new Error("the database went away");
      };
      const url = way.url((request) => compress(new StreamingHttpResponse(source), request));
      await using request = open(url, coding);
      const bytes = await buffer(request.body);
      assert.deepEqual(await decodeCut(coding, bytes), {
        text: "text ".repeat(1_000),
        whole: false,
      });
    });
  }
});
