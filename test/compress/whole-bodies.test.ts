import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import { withCompression, type CompressOptions } from "millrace/compress";

import { serving } from "../node/support/serving.ts";
import { eventually } from "../support/eventually.ts";
import { getRaw, open, type RawAnswer } from "./support/client.ts";
import { codings, decode } from "./support/codings.ts";

const text = { "content-type": "text/plain" };
const LONG = "text that is long enough ".repeat(100);
const encoder = new TextEncoder();

/** What a client that takes any coding gets of an app that answers with this body. */
async function ask(
  t: TestContext,
  body: () => ConstructorParameters<typeof Response>[0],
  { coding = "gzip", ...options }: CompressOptions & { coding?: string } = {},
): Promise<RawAnswer> {
  const app = withCompression(() => new Response(body(), { headers: text }), options);
  return getRaw((await serving(t, app)).url, { "accept-encoding": coding });
}

/** A body of these pieces, each in a turn of its own if there are `waits`. */
function streamOf(pieces: readonly Uint8Array[], waits = false): ReadableStream {
  const rest = [...pieces];
  return new ReadableStream({
    async pull(controller) {
      if (waits) await delay(5);
      const piece = rest.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
}

const pieces = (count: number, size: number) =>
  Array.from({ length: count }, () => new Uint8Array(size).fill(97));

describe("a body that is whole", { concurrency: true }, () => {
  for (const coding of codings) {
    test(`has the length of its coded bytes, in ${coding}`, async (t) => {
      const { headers, body } = await ask(t, () => LONG, { coding });
      assert.equal(headers["content-encoding"], coding);
      assert.equal(headers["content-length"], String(body.length));
      assert.equal(decode(coding, body).toString(), LONG);
    });
  }

  test("stays as it is below 1,024 bytes, with its length", async (t) => {
    const { headers, body } = await ask(t, () => "a".repeat(1_023));
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(headers["content-length"], "1023");
    assert.equal(body.toString(), "a".repeat(1_023));
    const coded = await ask(t, () => "a".repeat(1_024));
    assert.equal(coded.headers["content-encoding"], "gzip");
  });

  test("stays as it is below any other size that is asked for", async (t) => {
    const plain = await ask(t, () => "a".repeat(9_999), { minimumSize: 10_000 });
    assert.equal(plain.headers["content-encoding"], undefined);
    const coded = await ask(t, () => "a", { minimumSize: 0 });
    assert.equal(coded.headers["content-encoding"], "gzip");
    assert.equal(decode("gzip", coded.body).toString(), "a");
  });

  test("may come in pieces", async (t) => {
    const short = await ask(t, () => streamOf(pieces(10, 100)));
    assert.equal(short.headers["content-length"], "1000");
    assert.equal(short.body.length, 1_000);
    const long = await ask(t, () => streamOf(pieces(10, 200)));
    assert.equal(long.headers["content-encoding"], "gzip");
    assert.equal(decode("gzip", long.body).length, 2_000);
  });

  test("may be empty", async (t) => {
    const { headers, body } = await ask(t, () => "");
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(headers["content-length"], "0");
    assert.equal(body.length, 0);
  });

  test("may be text that the app put into its stream by mistake: it is sent all the same", async (t) => {
    const stream = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue("short ");
          controller.enqueue("text");
          controller.close();
        },
      });
    const { body } = await ask(t, stream);
    assert.equal(decode("gzip", body).toString(), "short text");
  });
});

describe("a body that is not whole yet", { concurrency: true }, () => {
  test("is compressed however short it turns out to be", async (t) => {
    const { headers, body } = await ask(t, () => streamOf(pieces(2, 10), true));
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(decode("gzip", body).toString(), "a".repeat(20));
  });

  test("that is ours is compressed however short it is", async (t) => {
    const app = withCompression(
      () => new StreamingHttpResponse(["a"], { contentType: "text/plain" }),
    );
    const { headers, body } = await getRaw((await serving(t, app)).url, {
      "accept-encoding": "gzip",
    });
    assert.equal(headers["content-encoding"], "gzip");
    assert.equal(decode("gzip", body).toString(), "a");
  });

  test("of empty pieces without an end does not hold up other requests, and ends with its client", async (t) => {
    let cancelled = 0;
    const endless = () =>
      new ReadableStream(
        {
          pull: (controller) => controller.enqueue(new Uint8Array(0)),
          cancel: () => void (cancelled += 1),
        },
        { highWaterMark: 0 },
      );
    const app = withCompression(
      (request: Request) =>
        new Response(request.url.endsWith("/endless") ? endless() : LONG, { headers: text }),
    );
    const server = await serving(t, app);
    const request = open(`${server.url}/endless`, "gzip");
    await eventually(() => server.streams.length === 1);
    const { body } = await getRaw(server.url, { "accept-encoding": "gzip" });
    assert.equal(decode("gzip", body).toString(), LONG);
    await request.leave();
    await eventually(() => cancelled === 1);
  });

  test("is cancelled when its client leaves", async (t) => {
    let cancelled = 0;
    const quiet = (first?: Uint8Array) =>
      new ReadableStream({
        start: (controller) => void (first && controller.enqueue(first)),
        cancel: () => void (cancelled += 1),
      });
    const firsts = [undefined, encoder.encode("short"), encoder.encode(LONG)];
    const app = withCompression(
      (request: Request) =>
        new Response(quiet(firsts[Number(request.url.at(-1))]), { headers: text }),
    );
    const server = await serving(t, app);
    for (const index of firsts.keys()) {
      const request = open(`${server.url}/${index}`, "gzip");
      await eventually(() => server.streams.length === 1);
      await request.leave();
      await eventually(() => cancelled === index + 1);
    }
  });
});

describe("a body that fails", { concurrency: true }, () => {
  test("at once is a 500 without a coding", async (t) => {
    const failing = () =>
      new ReadableStream({
        start: (controller) => controller.error(new Error("the file is not there")),
      });
    const { status, headers, body } = await ask(t, failing);
    assert.equal(status, 500);
    assert.equal(headers["content-encoding"], undefined);
    assert.equal(body.toString(), "Internal Server Error\n");
  });

  test("after its first bytes is cut", async (t) => {
    let pulls = 0;
    const failing = () =>
      new ReadableStream({
        async pull(controller) {
          await delay(20);
          if (pulls++ === 0) controller.enqueue(encoder.encode("first"));
          else controller.error(new Error("the disk went away"));
        },
      });
    await assert.rejects(ask(t, failing), { code: "ECONNRESET" });
  });

  test("because it was read before is a 500", async (t) => {
    const errors: unknown[] = [];
    const used = async (read: (response: Response) => unknown) => {
      const app = withCompression(async () => {
        const response = new Response(LONG, { headers: text });
        await read(response);
        return response;
      });
      const server = await serving(t, app, { onError: (error) => void errors.push(error) });
      return (await getRaw(server.url, { "accept-encoding": "gzip" })).status;
    };
    assert.equal(await used((response) => response.text()), 500);
    assert.equal(await used((response) => void response.body?.getReader()), 500);
    assert.deepEqual(
      errors.map((error) => (error as { code: string }).code),
      ["SOURCE_USED", "SOURCE_USED"],
    );
  });
});
