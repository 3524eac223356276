import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type StreamOutcome } from "millrace";
import { withCompression } from "millrace/compress";

import { ask, openSession } from "../node/support/http2-client.ts";
import { serving } from "../node/support/serving.ts";
import { watchOutcome } from "../response/support/watch.ts";
import { getRaw } from "./support/client.ts";
import { codings, decode } from "./support/codings.ts";

const ROWS = Array.from({ length: 20_000 }, (_, row) => `${row},row ${row},${row * 7}\r\n`);

function sha256(bytes: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
}

/** Rows with the trailers of an export; `onClose` is told how it ended. */
function rows(onClose: (outcome: StreamOutcome) => void): Response {
  return new StreamingHttpResponse(
    async function* () {
      yield ROWS.slice(0, 10).join("");
      await delay(5);
      yield ROWS.slice(10).join("");
    },
    {
      contentType: "text/csv",
      trailers: {
        "Content-Digest": () => "sha-256=:of the plain bytes:",
        "repr-digest": () => "sha-256=:of the plain bytes:",
        "x-row-count": () => String(ROWS.length),
      },
      onClose,
    },
  );
}

describe("trailers of a compressed response", { concurrency: true }, () => {
  for (const coding of codings) {
    test(`digest the coded bytes over HTTP/1.1, in ${coding}`, async (t) => {
      const { closed, onClose } = watchOutcome();
      const server = await serving(
        t,
        withCompression(() => rows(onClose)),
      );
      const { body, trailers } = await getRaw(server.url, { "accept-encoding": coding });
      assert.equal(decode(coding, body).toString(), ROWS.join(""));
      assert.deepEqual(
        { ...trailers },
        { "content-digest": sha256(body), "repr-digest": sha256(body), "x-row-count": "20000" },
      );
      assert.equal((await closed).bytes, body.length);
    });

    test(`digest the coded bytes over HTTP/2, in ${coding}`, async (t) => {
      const server = await serving(
        t,
        withCompression(() => rows(() => {})),
        { http2: true },
      );
      using session = await openSession(server);
      const stream = ask(session, { "accept-encoding": coding });
      const trailers = once(stream, "trailers");
      const body = await buffer(stream);
      assert.equal(decode(coding, body).toString(), ROWS.join(""));
      const [fields] = (await trailers) as [Record<string, string>];
      assert.equal(fields["content-digest"], sha256(body));
      assert.equal(fields["x-row-count"], "20000");
    });
  }

  test("are left as they are without a coding", async (t) => {
    const plain = withCompression(
      () =>
        new StreamingHttpResponse(["text"], {
          contentType: "text/plain",
          trailers: { "content-digest": () => sha256(Buffer.from("text")) },
        }),
    );
    const { trailers } = await getRaw((await serving(t, plain)).url, {});
    assert.equal(trailers["content-digest"], sha256(Buffer.from("text")));
  });
});
