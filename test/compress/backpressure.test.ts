import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import { compress, withCompression } from "millrace/compress";

import { ask, openSession } from "../node/support/http2-client.ts";
import { get, RawClient } from "../node/support/raw-client.ts";
import { serving } from "../node/support/serving.ts";
import { readerOf } from "../response/support/read.ts";
import { settle } from "../response/support/watch.ts";
import { eventually } from "../support/eventually.ts";
import { open } from "./support/client.ts";
import { codings, decode } from "./support/codings.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const FULL = 64 * 1024;
/** Nothing that a coding makes shorter: more of it than any window. */
const noise = Array.from({ length: 16 }, () => randomBytes(FULL));
const noiseAt = (offset: number) => noise[(offset / FULL) % 16] as Buffer; // there are 16

/** Bytes outside the JavaScript heap. */
function held(): number {
  return process.memoryUsage().external;
}

/** Resolves when what is counted has begun to grow and does not any more. */
async function stopped(count: () => number): Promise<void> {
  let last = 0;
  const hasStopped = async () => {
    const now = count();
    const same = now > 0 && now === last;
    last = now;
    await delay(150);
    return same;
  };
  await eventually(hasStopped, { what: "the end of making more" });
}

for (const coding of codings) {
  describe(`in ${coding}`, () => {
    for (const protocol of ["HTTP/1.1", "HTTP/2"]) {
      test(`of 1 GB for a reader that takes nothing, little is made and less is held, over ${protocol}`, async (t) => {
        let made = 0;
        const source = function* () {
          for (; made < GIB; made += FULL) yield noiseAt(made);
        };
        const app = withCompression(
          () => new StreamingHttpResponse(source, { contentType: "text/plain" }),
        );
        const server = await serving(t, app, { http2: true });
        const before = held();
        if (protocol === "HTTP/2") {
          const session = await openSession(server);
          t.after(() => session.destroy());
          ask(session, { "accept-encoding": coding });
        } else {
          const client = await RawClient.open(server.port);
          t.after(() => client[Symbol.dispose]());
          client.socket.pause();
          client.write(get("/", `Accept-Encoding: ${coding}`));
        }
        await stopped(() => made);
        const [stream] = server.streams;
        assert.equal(stream?.state, "waiting for the reader");
        assert.ok(made < 16 * MIB, `${(made / MIB).toFixed(1)} MiB were made`); // most is in the kernel
        assert.ok(made - (stream?.bytes ?? 0) < MIB, "more than a few batches wait in the coding");
        assert.ok(
          held() - before < 16 * MIB,
          `${((held() - before) / MIB).toFixed(1)} MiB are held`,
        );
      });
    }

    test("a slow reader gets all of it", async (t) => {
      const hash = createHash("sha256");
      const parts = Array.from({ length: 40 }, () => randomBytes(100_000));
      for (const part of parts) hash.update(part);
      const app = withCompression(
        () => new StreamingHttpResponse(parts, { contentType: "text/plain" }),
      );
      const server = await serving(t, app);
      await using request = open(server.url, coding);
      const got: Buffer[] = [];
      for await (const bytes of request.body) {
        got.push(bytes as Buffer); // of a stream without an encoding
        await new Promise(setImmediate);
      }
      assert.equal(await request.exited, 0);
      const plain = decode(coding, Buffer.concat(got));
      assert.equal(createHash("sha256").update(plain).digest("hex"), hash.digest("hex"));
    });

    const portable = (source: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
      const headers = { "accept-encoding": coding };
      const response = new StreamingHttpResponse(source, { contentType: "text/plain" });
      return readerOf(compress(response, new Request("http://localhost/", { headers })));
    };

    test("nothing is made of a portable body before it is read, nor without end when its reader pauses", async () => {
      let made = 0;
      const reader = portable(async function* () {
        while (true) {
          made += 1;
          yield Buffer.from(`chunk ${made}`);
          await delay(2);
        }
      });
      await settle();
      assert.equal(made, 0);
      for (let read = 0; read < 4; read++) {
        await reader.read();
        await stopped(() => made); // a thread may be slow to tell that the first is coded
      }
      await reader.cancel();
    });

    test("a portable body that is made at once is a few batches ahead of its reader", async () => {
      let made = 0;
      const reader = portable(function* () {
        for (; made < 64 * MIB; made += FULL) yield noiseAt(made);
      });
      for (let read = 1; read < 20; read++) {
        await reader.read();
        await settle();
        assert.ok(made <= (read + 8) * FULL, `${made} bytes were made for ${read} reads`);
      }
      await reader.cancel();
    });
  });
}

test("small events that wait for their reader hold what they are, not pages of 16 KiB", async (t) => {
  let made = 0;
  const source = async function* () {
    for (; ; made++) {
      yield randomBytes(20).toString("hex");
      await new Promise(setImmediate);
    }
  };
  const app = withCompression(
    () => new StreamingHttpResponse(source, { contentType: "text/event-stream" }),
  );
  const server = await serving(t, app, { http2: true });
  using session = await openSession(server);
  const before = process.memoryUsage().arrayBuffers;
  ask(session, { "accept-encoding": "gzip" }); // in a window of 64 KiB
  await stopped(() => made);
  const more = process.memoryUsage().arrayBuffers - before;
  assert.ok(more < 8 * MIB, `${(more / MIB).toFixed(1)} MiB for ${made} events`);
});

test("bodies of 100 MB pass through all codings at the same time", async (t) => {
  const row = Buffer.from(
    Array.from({ length: 1_000 }, (_, id) => `${id},row,${id * 7}\r\n`).join(""),
  );
  const count = Math.ceil((100 * MIB) / row.length);
  const app = withCompression(
    () =>
      new StreamingHttpResponse(
        async function* () {
          for (let part = 0; part < count; part++) yield row;
        },
        { contentType: "text/csv" },
      ),
  );
  const server = await serving(t, app);
  const sizes = await Promise.all(
    codings.map(async (coding) => {
      await using request = open(server.url, coding);
      const bytes = await buffer(request.body);
      assert.equal(await request.exited, 0);
      return decode(coding, bytes).length;
    }),
  );
  assert.deepEqual(
    sizes,
    codings.map(() => count * row.length),
  );
});
