import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";

import { zip, zipChunks, type ExportOutcome, type ZipEntry } from "millrace/export";

import { RawClient, get } from "../node/support/raw-client.ts";
import { serving } from "../node/support/serving.ts";
import { curl } from "../support/curl.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { within } from "../support/within.ts";
import { collect, openArchive, textOf } from "./support/archive.ts";

const noise = () => crypto.getRandomValues(new Uint8Array(65_536));

describe("served over a socket", () => {
  test(
    "an archive arrives whole, with its name, type and proof",
    { skip: missing("python3") },
    async (t) => {
      const { promise: closed, resolve } = Promise.withResolvers<ExportOutcome>();
      const server = await serving(t, () =>
        zip(
          [
            { name: "a.txt", source: "hello" },
            { name: "b.bin", source: () => [noise(), noise(), noise()] },
          ],
          { filename: "żółw.zip", onClose: resolve },
        ),
      );
      const response = await fetch(server.url);
      assert.equal(response.headers.get("content-type"), "application/zip");
      assert.match(
        response.headers.get("content-disposition") ?? "",
        /^attachment; filename="?zo_w\.zip"?; filename\*=UTF-8''/,
      );
      const body = new Uint8Array(await response.arrayBuffer());
      const seen = await openArchive(body);
      assert.deepEqual(
        seen.map(({ name, size }) => [name, size]),
        [
          ["a.txt", 5],
          ["b.bin", 3 * 65_536],
        ],
      );
      const { type, rows, bytes, sha256 } = await closed;
      const hash = await crypto.subtle.digest("SHA-256", body);
      assert.deepEqual(
        { type, rows, bytes, sha256 },
        {
          type: "complete",
          rows: 2,
          bytes: body.length,
          sha256: Buffer.from(hash).toString("hex"),
        },
      );
    },
  );

  test("an entry that fails at once is a plain 500", async (t) => {
    const server = await serving(t, () =>
      zip([
        {
          name: "a.txt",
          // oxlint-disable-next-line require-yield -- it fails before
          *source() {
            throw new Error("no such table");
          },
        },
      ]),
    );
    const response = await fetch(server.url);
    assert.equal(response.status, 500);
  });

  test("an entry that fails later cuts the response, which is no archive", async (t) => {
    const server = await serving(t, () =>
      zip(function* () {
        yield { name: "a.txt", source: "first" };
        yield {
          name: "b.bin",
          async *source() {
            for (let part = 0; part < 10; part++) yield noise();
            await new Promise((resolve) => setTimeout(resolve, 100));
            throw new Error("connection lost");
          },
        };
        yield { name: "c.txt", source: "never" };
      }),
    );
    const { code, body } = await curl([server.url]);
    assert.equal(code, 18);
    assert.ok(body.length > 500_000, `${body.length} bytes before the failure`);
    assert.equal(body.indexOf("PK\x05\x06"), -1);
    assert.equal(body.indexOf("PK\x01\x02"), -1);
  });

  test("a client that leaves closes the entry and the list of entries at once", async (t) => {
    const events: string[] = [];
    let signal: AbortSignal | undefined;
    const server = await serving(t, () =>
      zip(async function* (context) {
        ({ signal } = context);
        try {
          yield {
            name: "endless.bin",
            async *source() {
              try {
                while (true) yield noise();
              } finally {
                events.push("source closed");
              }
            },
          };
        } finally {
          events.push("entries closed");
        }
      }),
    );
    using client = await RawClient.open(server.port);
    client.write(get("/"));
    await once(client.socket, "data");
    client.socket.resetAndDestroy();
    await eventually(() => events.length === 2, { timeout: 1_000, what: "the end of both" });
    assert.equal(signal?.aborted, true);
  });
});

describe("read as chunks", () => {
  test("nothing starts before the first read", async () => {
    let started = false;
    const chunks = zipChunks(function* () {
      started = true;
      yield { name: "a", source: "" };
    });
    await new Promise(setImmediate);
    assert.equal(started, false);
    await collect(chunks);
    assert.equal(started, true);
  });

  test("a source is opened when its turn comes, and closed before the next", async () => {
    const events: string[] = [];
    const entry = (name: string): ZipEntry => ({
      name,
      async *source() {
        events.push(`opens ${name}`);
        yield noise();
        await new Promise(setImmediate);
        yield noise();
        events.push(`ends ${name}`);
      },
    });
    await collect(zipChunks([entry("a"), entry("b")]));
    assert.deepEqual(events, ["opens a", "ends a", "opens b", "ends b"]);
  });

  test("a reader that takes nothing holds the source back", async () => {
    let pulled = 0;
    const source = async function* () {
      for (; pulled < 1_000; pulled++) yield noise();
    };
    for (const compress of [true, false]) {
      pulled = 0;
      const chunks = zipChunks([{ name: "a.bin", source, compress }]);
      const iterator = chunks[Symbol.asyncIterator]();
      await iterator.next();
      let before = -1;
      // Until it has come to rest: no event says that nothing more happens.
      while (before !== pulled) {
        before = pulled;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      assert.ok(pulled <= 6, `${pulled} pieces of 64 KiB were read ahead`);
      await iterator.return?.();
    }
  });

  test("entries behind a reader that takes nothing are not begun without end", async () => {
    let begun = 0;
    function* entries(): Generator<ZipEntry> {
      while (true)
        yield { name: `${begun++}`, source: crypto.getRandomValues(new Uint8Array(1_000)) };
    }
    const iterator = zipChunks(entries())[Symbol.asyncIterator]();
    await iterator.next();
    let before = -1;
    while (before !== begun) {
      before = begun;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.ok(begun < 300, `${begun} entries of 1 kB were read ahead`);
    await iterator.return?.();
  });

  test(
    "what a slow source yields leaves while it waits",
    { skip: missing("python3") },
    async () => {
      const { promise: proceed, resolve } = Promise.withResolvers<void>();
      const text = "a line that is on its way\n";
      const chunks = zipChunks([
        {
          name: "slow.txt",
          async *source() {
            yield text;
            await proceed;
          },
        },
      ]);
      const parts: Uint8Array[] = [];
      const iterator = chunks[Symbol.asyncIterator]();
      const { inflateRawSync, constants } = await import("node:zlib");
      const arrived = () => {
        const data = Buffer.concat(parts).subarray(30 + "slow.txt".length + 9);
        return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
      };
      do {
        const { value } = await within(iterator.next(), "the line");
        parts.push(value as Uint8Array); // it is not over yet
      } while (arrived() !== text);
      resolve();
      while (true) {
        const step = await iterator.next();
        if (step.done === true) break;
        parts.push(step.value);
      }
      const [entry] = await openArchive(Buffer.concat(parts));
      assert.equal(textOf(entry!), text);
    },
  );

  for (const when of ["at once", "in the middle", "while it waits"]) {
    test(`leaving ${when} closes what is open`, async () => {
      let closed = 0;
      let aborted = false;
      const chunks = zipChunks(
        (async function* () {
          try {
            yield {
              name: "a.bin",
              source: ({ signal }: { signal: AbortSignal }) => {
                signal.addEventListener("abort", () => (aborted = true));
                return (async function* () {
                  try {
                    const parts = when === "while it waits" ? 3 : Infinity;
                    for (let part = 0; part < parts; part++) yield noise();
                    await new Promise((_, reject) => {
                      signal.addEventListener("abort", () => reject(signal.reason as Error));
                    });
                  } finally {
                    closed += 1;
                  }
                })();
              },
            };
          } finally {
            closed += 1;
          }
        })(),
      );
      const iterator = chunks[Symbol.asyncIterator]();
      if (when !== "at once") await iterator.next();
      if (when === "while it waits") for (let read = 0; read < 3; read++) await iterator.next();
      const pending = when === "while it waits" ? iterator.next() : undefined;
      await iterator.return?.();
      if (when !== "at once") {
        assert.equal(aborted, true);
        await eventually(() => closed === 2, { timeout: 1_000 });
      }
      assert.equal((await pending)?.done ?? true, true);
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    });
  }

  test("a list of entries that fails ends the archive with its error, and closes what it holds", async () => {
    let closed = false;
    async function* entries(): AsyncGenerator<ZipEntry> {
      try {
        yield { name: "a", source: "1" };
        throw new Error("no more");
      } finally {
        closed = true;
      }
    }
    const parts: Uint8Array[] = [];
    await assert.rejects(async () => {
      for await (const part of zipChunks(entries)) parts.push(part);
    }, /no more/);
    assert.equal(closed, true);
    assert.equal(Buffer.concat(parts).toString("latin1", 0, 4), "PK\x03\x04");
  });

  test("a chunk that is neither text nor bytes is an error that says which", async () => {
    const source = function* () {
      yield "fine";
      yield 5 as never;
    };
    await assert.rejects(collect(zipChunks([{ name: "a", source }])), {
      code: "CHUNK_INVALID",
      message: /Chunk 1 /,
    });
  });
});
