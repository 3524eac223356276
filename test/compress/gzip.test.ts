import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { crc32, gunzipSync } from "node:zlib";

import { StreamingHttpResponse, type Source } from "millrace";
import { withCompression, type CompressOptions } from "millrace/compress";

import { serving } from "../node/support/serving.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { DecodedReader, getRaw, open } from "./support/client.ts";
import { countCompressors, forgetCompressors, openCompressors } from "./support/compressors.ts";
import { readInPython } from "./support/python.ts";

const gzip = { "accept-encoding": "gzip" };

/** Where each request gets what `source` yields. */
async function serveSource(
  t: TestContext,
  source: () => Source,
  options?: CompressOptions,
): Promise<string> {
  const app = withCompression(
    () => new StreamingHttpResponse(source(), { contentType: "text/plain" }),
    options,
  );
  return (await serving(t, app)).url;
}

describe("a member of gzip", { concurrency: true }, () => {
  test("has a name of random length up to 100, and tells nothing else", async (t) => {
    const url = await serveSource(t, () => ["text"]);
    const lengths = new Set<number>();
    for (let count = 0; count < 60; count++) {
      const { body } = await getRaw(url, gzip);
      assert.equal(body.subarray(0, 10).toString("hex"), "1f8b08080000000000ff"); // FNAME, no time, unknown system
      const name = body.subarray(10, body.indexOf(0, 10)).toString("latin1");
      assert.match(name, /^[a-z]{0,100}$/);
      lengths.add(name.length);
    }
    assert.ok(lengths.size > 20, `only ${lengths.size} different lengths`);
  });

  test("is the same each time without a name", async (t) => {
    const url = await serveSource(t, () => ["text"], { randomBytes: 0 });
    const first = await getRaw(url, gzip);
    const second = await getRaw(url, gzip);
    assert.ok(first.body.equals(second.body));
    assert.equal(first.body.subarray(0, 10).toString("hex"), "1f8b08000000000000ff");
  });

  test("has a name of as many bytes as are asked for, which Python reads", async (t) => {
    const url = await serveSource(t, () => ["text"], { randomBytes: 65_535 });
    const { body } = await getRaw(url, gzip);
    assert.equal(gunzipSync(body).toString(), "text");
    if (!missing("python3")) assert.equal((await readInPython([body]))[0]?.one, true);
  });

  test("ends with CRC and size of the plain bytes, made of pieces small and large", async (t) => {
    const parts = ["small", "L".repeat(100_000), "small", "M".repeat(30_000), "€"];
    const url = await serveSource(t, async function* () {
      for (const part of parts) {
        yield part;
        await delay(5);
      }
    });
    const plain = Buffer.from(parts.join(""));
    const { body } = await getRaw(url, gzip);
    assert.equal(body.readUInt32LE(body.length - 8), crc32(plain));
    assert.equal(body.readUInt32LE(body.length - 4), plain.length);
  });

  test("of nothing at all is whole", async (t) => {
    const url = await serveSource(t, () => []);
    const { body } = await getRaw(url, gzip);
    assert.equal(gunzipSync(body).length, 0);
  });
});

test("small pieces hold no stream of zlib, and a large one holds it until the source is quiet", async (t) => {
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const url = await serveSource(t, async function* () {
    yield "small ";
    await gates[0]?.promise;
    yield "L".repeat(100_000);
    await gates[1]?.promise;
    yield " small again";
    await gates[2]?.promise;
    yield " and the end";
  });
  await eventually(() => openCompressors() === 0);
  forgetCompressors();
  await using request = open(url, "gzip");
  const reader = new DecodedReader(request.body, "gzip");
  await reader.until("small ");
  assert.equal(openCompressors(), 0);
  gates[0]?.resolve();
  await eventually(() => openCompressors() === 1);
  await eventually(() => openCompressors() === 0, { what: "the end of the stream of zlib" });
  gates[1]?.resolve();
  await reader.until("small again");
  assert.equal(openCompressors(), 0);
  assert.ok(countCompressors() > 2, "each small piece has one of its own, for a moment");
  gates[2]?.resolve();
  await reader.until("the end");
  assert.equal(await request.exited, 0);
  assert.equal(reader.text, `small ${"L".repeat(100_000)} small again and the end`);
});
