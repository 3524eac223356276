import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Readable } from "node:stream";

import { StreamingHttpResponse } from "millrace";
import { compress, withCompression } from "millrace/compress";

import { serving } from "../node/support/serving.ts";
import { within } from "../support/within.ts";
import { DecodedReader, open, protocols } from "./support/client.ts";
import { codings } from "./support/codings.ts";
import { gated } from "./support/gated.ts";

/** Each ends with its number, so that a reader can tell when all of it is there. */
const chunks = [
  "first (0)",
  "€ (1)",
  `${"large ".repeat(20_000)}(2)`,
  "x (3)",
  `${"9".repeat(17_000)}(4)`,
  "(5)",
];

/** Opens one gate after the other, each when all before it was decoded. */
async function readGated(reader: DecodedReader, next: () => void): Promise<void> {
  for (const index of chunks.keys()) {
    next();
    await within(reader.until(`(${index})`), `chunk ${index}`);
    assert.equal(reader.text, chunks.slice(0, index + 1).join(""));
  }
}

for (const coding of codings) {
  describe(`in ${coding}`, { concurrency: true }, () => {
    for (const protocol of protocols) {
      test(`each chunk can be read before the next is made, over ${protocol}`, async (t) => {
        const { source, next } = gated(chunks);
        const app = withCompression(
          () => new StreamingHttpResponse(source, { contentType: "text/plain" }),
        );
        const server = await serving(t, app, { http2: true });
        await using request = open(server.url, coding, protocol);
        await readGated(new DecodedReader(request.body, coding), next);
        assert.equal(await request.exited, 0);
      });
    }

    test("each chunk of a Response that is not ours can be read before the next is made", async (t) => {
      const { source, next } = gated(chunks);
      const encoder = new TextEncoder();
      const app = withCompression(() => {
        const iterator = source();
        const body = new ReadableStream({
          async pull(controller) {
            const { value, done } = await iterator.next();
            if (done === true) controller.close();
            else controller.enqueue(encoder.encode(String(value)));
          },
        });
        return new Response(body, { headers: { "content-type": "text/plain" } });
      });
      const server = await serving(t, app);
      await using request = open(server.url, coding);
      await readGated(new DecodedReader(request.body, coding), next);
    });

    test("each chunk can be read from the portable body before the next is made", async () => {
      const { source, next } = gated(chunks);
      const headers = { "accept-encoding": coding };
      const response = compress(
        new StreamingHttpResponse(source, { contentType: "text/plain" }),
        new Request("http://localhost/", { headers }),
      );
      const body = Readable.fromWeb(response.body as never); // the types of Node and of the web differ
      await readGated(new DecodedReader(body, coding), next);
    });

    test("a heartbeat reaches the reader while the source is silent", async (t) => {
      const { source, next } = gated(["data: 1\n\n", "data: 2\n\n"]);
      const app = withCompression(
        () =>
          new StreamingHttpResponse(source, { contentType: "text/event-stream", heartbeat: 50 }),
      );
      const server = await serving(t, app);
      await using request = open(server.url, coding);
      const reader = new DecodedReader(request.body, coding);
      await within(reader.until(":\n\n:\n\n"), "two beats");
      next();
      await within(reader.until("data: 1\n\n:\n\n"), "an event and a beat");
      next();
      await reader.until("nothing more");
      assert.match(reader.text, /^(:\n\n)+data: 1\n\n(:\n\n)+data: 2\n\n$/);
      assert.equal(await request.exited, 0);
    });

    test("the head of a silent source comes without a byte of body", async (t) => {
      const { source, next } = gated(["late"]);
      const app = withCompression(
        () => new StreamingHttpResponse(source, { contentType: "text/plain" }),
      );
      const server = await serving(t, app, { headGrace: 20 });
      const response = await fetch(server.url, { headers: { "accept-encoding": coding } });
      assert.equal(response.headers.get("content-encoding"), coding);
      next();
      assert.equal(await response.text(), "late");
    });
  });
}
