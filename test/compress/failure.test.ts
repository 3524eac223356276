import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import {
  StreamingHttpResponse,
  type Source,
  type StreamingHttpResponseInit,
  type StreamOutcome,
} from "millrace";
import { compress, withCompression } from "millrace/compress";

import { ask, openSession, over } from "../node/support/http2-client.ts";
import { serving } from "../node/support/serving.ts";
import { readerOf } from "../response/support/read.ts";
import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { open, protocols } from "./support/client.ts";
import { codings, decodeCut } from "./support/codings.ts";
import { openCompressors } from "./support/compressors.ts";

const flags = {
  "HTTP/1.0": "--http1.0",
  "HTTP/1.1": "--http1.1",
  "HTTP/2": "--http2-prior-knowledge",
};
const rows = (count: number) =>
  Array.from({ length: count }, (_, row) => `${row},${row * 7}\r\n`).join("");

/** Where `source` fails, and how each of its responses ended. */
async function serveFailing(t: TestContext, source: Source, init: StreamingHttpResponseInit = {}) {
  const outcomes: StreamOutcome[] = [];
  const onClose = (outcome: StreamOutcome) => void outcomes.push(outcome);
  const app = withCompression(
    () => new StreamingHttpResponse(source, { contentType: "text/csv", onClose, ...init }),
  );
  const { url } = await serving(t, app, { http2: true });
  return { url, outcomes };
}

/** By Node: curl 7.88 drops what it has not passed on when a stream is reset. */
async function cutOverHttp2(url: string, coding: string): ReturnType<typeof decodeCut> {
  using session = await openSession({ url });
  const stream = ask(session, { "accept-encoding": coding });
  const parts: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => parts.push(bytes));
  await over(stream);
  assert.notEqual(stream.rstCode, 0);
  return decodeCut(coding, Buffer.concat(parts));
}

for (const coding of codings) {
  for (const protocol of protocols) {
    describe(`in ${coding} over ${protocol}`, { concurrency: true }, () => {
      /** The status and the page that a client sees, and whether that is coded. */
      const pageOf = async (url: string) => {
        const args = [flags[protocol], "-H", `accept-encoding: ${coding}`, "-i", url];
        const { code, text } = await curl(args);
        return {
          code,
          status: Number(/^HTTP\/\S+ (\d+)/.exec(text)?.[1]),
          coded: /^content-encoding/im.test(text),
          text,
        };
      };
      /** What could be decoded of a response that is cut. */
      const cutOf = async (url: string): ReturnType<typeof decodeCut> => {
        if (protocol === "HTTP/2") return cutOverHttp2(url, coding);
        await using request = open(url, coding, protocol);
        const bytes = await buffer(request.body);
        assert.notEqual(await request.exited, 0, "curl took it for complete");
        return decodeCut(coding, bytes);
      };

      for (const when of ["at once", "after a wait"]) {
        test(`an error ${when}, before the first chunk, is a plain 500`, async (t) => {
          const { url, outcomes } = await serveFailing(t, async function* () {
            if (when !== "at once") await delay(20);
            throw new Error("the database went away");
          });
          const { code, status, coded, text } = await pageOf(url);
          assert.deepEqual({ code, status, coded }, { code: 0, status: 500, coded: false });
          assert.match(text, /\r\n\r\nInternal Server Error\n$/);
          assert.deepEqual(
            outcomes.map(({ type }) => type),
            ["failed"],
          );
        });
      }

      test("an error after some chunks is no end of the coding, and all of them can be decoded", async (t) => {
        const parts = ["first\n", rows(5_000), "last\n"];
        const { url, outcomes } = await serveFailing(t, async function* () {
          for (const part of parts) {
            yield part;
            await delay(part === "last\n" ? 250 : 10); // over HTTP/1.0 a reset overtakes what was just sent
          }
          throw new Error("the database went away");
        });
        assert.deepEqual(await cutOf(url), { text: parts.join(""), whole: false });
        assert.deepEqual(
          outcomes.map(({ type }) => type),
          ["failed"],
        );
      });

      // Over HTTP/1.0 it cannot, see above.
      if (protocol !== "HTTP/1.0")
        test("an error right behind a chunk lets it arrive", async (t) => {
          for (const part of ["small", rows(20_000)]) {
            const { url } = await serveFailing(t, async function* () {
              await delay(5);
              yield part;
              throw new Error("the database went away");
            });
            assert.deepEqual(await cutOf(url), { text: part, whole: false });
          }
        });

      test("a synchronous source that throws is cut", async (t) => {
        const { url, outcomes } = await serveFailing(t, function* () {
          for (let count = 0; count < 100; count++) yield rows(1_000);
          throw new Error("the database went away");
        });
        assert.equal((await cutOf(url)).whole, false);
        assert.equal(outcomes[0]?.type, "failed");
      });

      test("a limit that passes before the first chunk is a plain 503", async (t) => {
        const source: Source = async function* ({ signal }) {
          await delay(60_000, undefined, { signal });
        };
        const { url, outcomes } = await serveFailing(t, source, { limits: { firstChunk: 30 } });
        const { status, coded } = await pageOf(url);
        assert.deepEqual({ status, coded }, { status: 503, coded: false });
        assert.equal(outcomes[0]?.type, "timed-out");
      });

      for (const limit of ["idle", "total"] as const) {
        test(`the limit \`${limit}\` cuts it`, async (t) => {
          let closed = 0;
          const source: Source = async function* ({ signal }) {
            try {
              yield "begins\n";
              const pause = limit === "total" ? 20 : 60_000;
              while (true) {
                await delay(pause, undefined, { signal });
                yield "more\n";
              }
            } finally {
              closed += 1;
            }
          };
          const { url, outcomes } = await serveFailing(t, source, { limits: { [limit]: 150 } });
          const { text, whole } = await cutOf(url);
          assert.match(text, /^begins\n(more\n)*$/);
          assert.equal(whole, false);
          assert.deepEqual(
            outcomes.map(({ type }) => type),
            ["timed-out"],
          );
          assert.equal(closed, 1);
        });
      }

      test("fewer or more bytes than the plain Content-Length are no complete response", async (t) => {
        for (const length of ["200000", "2000"]) {
          const source = () => [rows(1_000), rows(9_000)];
          const headers = { "content-length": length };
          const { url, outcomes } = await serveFailing(t, source, {
            headers,
            limits: { total: 5_000 },
          });
          const { code, status } = await pageOf(url);
          assert.ok(code !== 0 || status === 500, `exit ${code}, status ${status}`);
          assert.equal(
            (outcomes[0]?.error as { code?: string } | undefined)?.code,
            "LENGTH_MISMATCH",
          );
        }
        const exact = await serveFailing(t, () => [rows(1_000)], {
          headers: { "content-length": String(rows(1_000).length) },
        });
        assert.equal((await pageOf(exact.url)).code, 0);
        assert.equal(exact.outcomes[0]?.type, "complete");
      });

      // Over HTTP/2 Node writes it.
      if (protocol !== "HTTP/2")
        test("a field that Node cannot write is a 500", async (t) => {
          for (const part of ["small", rows(20_000)]) {
            const source = async function* () {
              yield part;
            };
            const { url, outcomes } = await serveFailing(t, source, {
              headers: { "x-field": "a\u0001b" },
            });
            assert.equal((await pageOf(url)).status, 500);
            assert.equal(outcomes[0]?.type, "failed");
          }
        });
    });
  }

  test(`a reader that pauses gets all that was yielded before the failure, in ${coding}`, async (t) => {
    const parts = Array.from({ length: 240 }, () => randomBytes(50_000).toString("hex"));
    const { url, outcomes } = await serveFailing(t, async function* () {
      yield* parts;
      throw new Error("the database went away");
    });
    await using request = open(url, coding);
    await delay(300); // it reads nothing, and the source can be neither through nor go on
    assert.equal(outcomes.length, 0);
    const bytes = await buffer(request.body);
    assert.notEqual(await request.exited, 0);
    const { text, whole } = await decodeCut(coding, bytes);
    assert.ok(text === parts.join(""), `${text.length} characters`);
    assert.equal(whole, false);
  });

  test(`a portable body in ${coding} fails with the error of its source, after all that was yielded`, async () => {
    const outcomes: StreamOutcome[] = [];
    const error = new Error("the database went away");
    const plain = new StreamingHttpResponse(
      async function* () {
        yield rows(20_000);
        throw error;
      },
      { contentType: "text/csv", onClose: (outcome) => void outcomes.push(outcome) },
    );
    const headers = { "accept-encoding": coding };
    const reader = readerOf(compress(plain, new Request("http://localhost/", { headers })));
    const parts: Uint8Array[] = [];
    const end = (async () => {
      for (let step = await reader.read(); !step.done; step = await reader.read())
        parts.push(step.value);
    })();
    await assert.rejects(end, error);
    assert.deepEqual(await decodeCut(coding, Buffer.concat(parts)), {
      text: rows(20_000),
      whole: false,
    });
    assert.deepEqual(
      outcomes.map(({ type }) => type),
      ["failed"],
    );
  });
}

test("no failure leaves a compressor behind", async () => {
  await eventually(() => openCompressors() === 0, { what: "the end of all compressors" });
});
