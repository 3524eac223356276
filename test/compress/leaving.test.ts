import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import {
  StreamingHttpResponse,
  type Chunk,
  type ResponseLimits,
  type StreamOutcome,
} from "millrace";
import { withCompression } from "millrace/compress";
import type { Server } from "millrace/node";

import { get, RawClient } from "../node/support/raw-client.ts";
import { serving } from "../node/support/serving.ts";
import { eventually } from "../support/eventually.ts";
import { DecodedReader, open } from "./support/client.ts";
import { codings } from "./support/codings.ts";
import { forgetCompressors, openCompressors } from "./support/compressors.ts";

/** More of it than any window, so that no coding makes it shorter. */
const noise = Array.from({ length: 16 }, () => randomBytes(64 * 1024));
const MIB = 2 ** 20;

/** What sources do, by the path that asks for them. */
const sources: Readonly<Record<string, (signal: AbortSignal) => AsyncGenerator<Chunk>>> = {
  async *silent(signal) {
    await delay(600_000, undefined, { signal });
  },
  async *quiet(signal) {
    yield "begins\n";
    await delay(600_000, undefined, { signal });
  },
  async *busy(signal) {
    yield "begins\n";
    while (true) {
      yield `${"text ".repeat(10_000)}\n`;
      await delay(1, undefined, { signal });
    }
  },
  async *flood() {
    yield "begins\n";
    while (true) yield* noise;
  },
  async *much() {
    yield "begins\n";
    for (let count = 0; count < 25; count++) yield* noise;
  },
  async *slow(signal) {
    for (let count = 0; count < 5; count++) {
      yield "begins\n";
      await delay(50, undefined, { signal });
    }
  },
};

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void; // what the flag exposes

/** What the process holds, without garbage. */
function memory(): number {
  collectGarbage();
  return process.memoryUsage().rss;
}

interface Watched {
  readonly server: Server;
  readonly outcomes: StreamOutcome[];
  readonly closed: () => number;
}

async function serveWatched(t: TestContext, limits: ResponseLimits = {}): Promise<Watched> {
  const outcomes: StreamOutcome[] = [];
  let closed = 0;
  const app = withCompression((request: Request) => {
    const name = new URL(request.url).pathname.slice(1);
    return new StreamingHttpResponse(
      async function* ({ signal }) {
        try {
          yield* sources[name]?.(signal) ?? [];
        } finally {
          closed += 1;
        }
      },
      { contentType: "text/plain", limits, onClose: (outcome) => void outcomes.push(outcome) },
    );
  });
  const server = await serving(t, app, { http2: true });
  return { server, outcomes, closed: () => closed };
}

function codeOf(outcome: StreamOutcome | undefined): unknown {
  return (outcome?.error as { code?: string } | undefined)?.code;
}

for (const coding of codings) {
  for (const protocol of ["HTTP/1.1", "HTTP/2"] as const) {
    describe(`in ${coding} over ${protocol}`, () => {
      for (const [path, what] of [
        ["silent", "before there is a byte"],
        ["quiet", "while the source waits"],
        ["busy", "while it reads what comes"],
        ["flood", "while it reads all it gets"],
      ] as const) {
        test(`a client that leaves ${what} ends the source once, and the compressor`, async (t) => {
          const { server, outcomes, closed } = await serveWatched(t);
          const request = open(`${server.url}/${path}`, coding, protocol);
          if (path === "silent") await eventually(() => server.streams.length === 1);
          else await new DecodedReader(request.body, coding).until("begins");
          await request.leave();
          await eventually(() => outcomes.length > 0 && closed() > 0 && openCompressors() === 0);
          assert.deepEqual(outcomes.map(codeOf), ["CLIENT_LEFT"]);
          assert.equal(closed(), 1);
        });
      }

      test("a client that takes nothing and leaves ends the source once, and the compressor", async (t) => {
        const { server, outcomes, closed } = await serveWatched(t);
        const request = open(`${server.url}/flood`, coding, protocol);
        await eventually(() => server.streams[0]?.state === "waiting for the reader");
        await request.leave();
        await eventually(() => outcomes.length > 0 && closed() > 0 && openCompressors() === 0);
        assert.deepEqual(outcomes.map(codeOf), ["CLIENT_LEFT"]);
        assert.equal(closed(), 1);
      });

      for (const path of ["flood", "much"]) {
        const which = path === "flood" ? "goes on" : "is through";
        test(`a client that takes nothing is cut off by the limit, when the source ${which}`, async (t) => {
          const { server, outcomes, closed } = await serveWatched(t, { stalled: 300 });
          await using request = open(`${server.url}/${path}`, coding, protocol);
          await eventually(() => outcomes.length > 0 && closed() > 0 && openCompressors() === 0);
          request.body.resume();
          assert.notEqual(await request.exited, 0);
          assert.deepEqual(outcomes.map(codeOf), ["LIMIT_STALLED"]);
          assert.equal(closed(), 1);
        });
      }

      test("a server that closes at once cuts it", async (t) => {
        const { server, outcomes, closed } = await serveWatched(t);
        await using request = open(`${server.url}/quiet`, coding, protocol);
        await new DecodedReader(request.body, coding).until("begins");
        await server.close({ drain: 0 });
        assert.notEqual(await request.exited, 0);
        await eventually(() => outcomes.length > 0 && closed() > 0 && openCompressors() === 0);
        assert.deepEqual(outcomes.map(codeOf), ["SERVER_CLOSING"]);
      });

      test("a server that closes lets it end", async (t) => {
        const { server, outcomes } = await serveWatched(t);
        await using request = open(`${server.url}/slow`, coding, protocol);
        const reader = new DecodedReader(request.body, coding);
        await reader.until("begins");
        await server.close({ drain: 10_000 });
        await reader.until("nothing more");
        assert.equal(reader.text, "begins\n".repeat(5));
        assert.equal(await request.exited, 0);
        assert.deepEqual(
          outcomes.map(({ type }) => type),
          ["complete"],
        );
      });
    });
  }

  test(`500 clients that leave take the memory of their compressors with them, in ${coding}`, async (t) => {
    const { server, closed } = await serveWatched(t);
    const paths = ["/silent", "/quiet", "/busy", "/flood"];
    const visit = async (_: unknown, index: number) => {
      const client = await RawClient.open(server.port);
      const path = paths[index % paths.length] ?? "";
      client.write(get(path, `Accept-Encoding: ${coding}`));
      if (path === "/silent") await new Promise(setImmediate);
      else await client.until("\r\n\r\n");
      if (index % 3 === 0) client.socket.pause();
      if (index % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.destroy();
      await client.closed;
    };
    const visits = async (waves: number) => {
      for (let wave = 0; wave < waves; wave++) await Promise.all(Array.from({ length: 50 }, visit));
      await eventually(() => server.streams.length === 0 && openCompressors() === 0);
      forgetCompressors();
    };
    await visits(20); // so that the heap has its size
    const before = memory();
    await visits(10);
    const more = memory() - before;
    t.diagnostic(`${(more / MIB).toFixed(1)} MiB more`);
    assert.ok(more < 64 * MIB, `${(more / MIB).toFixed(1)} MiB more`);
    await eventually(() => closed() === 1_500);
  });
}
