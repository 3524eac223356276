import { setTimeout as delay } from "node:timers/promises";

import { table } from "../support/results.ts";
import {
  drop,
  keepDropping,
  startClient,
  withServers,
  type Helper,
  type ServerProcess,
} from "../support/process.ts";
import { interleave, percentile } from "../support/stats.ts";

const CHUNKS = 10_000_000;

const servers: readonly (readonly [title: string, file: string])[] = [
  ["**millrace, `serve`**", "millrace"],
  ["millrace, portable body in srvx", "millrace-on-srvx"],
  ["`res.write` per row", "node-write"],
  ["`Readable.from`, `pipeline`", "node-pipeline"],
  ["srvx, `new Response(stream)`", "srvx"],
  ["Hono, `new Response(stream)`", "hono"],
  ["h3, `iterable()`", "h3"],
];

export async function starveFigure(quick: boolean): Promise<string> {
  const rounds = quick ? 1 : 2;
  const longest = quick ? 1_500 : 3_000;
  const client = await startClient("probe");
  try {
    const files = servers.map(([, file]) => file);
    const results = await withServers(files, (running) =>
      interleave(running, rounds, async (server, round) => {
        const times = await measure(server, client, longest);
        const worst = Math.max(...times).toFixed(1);
        console.log(
          `${round + 1}/${rounds} ${server.name}: ${times.length} requests, longest ${worst} ms`,
        );
        return times;
      }),
    );
    return [
      "## Another request while a synchronous source runs",
      "",
      `A source of ${CHUNKS.toLocaleString("en")} rows that never waits, read by curl as fast as it can, for at most ${longest / 1_000} s; meanwhile a request for a`,
      `small page every 10 ms, ms until its first byte. A request that got no answer counts with the time it has waited. ${rounds} runs together.`,
      "",
      table(
        ["server", "requests", "p50 ms", "p99 ms", "longest ms"],
        [...results.values()].map((runs, index) => {
          const times = runs.flat();
          return [
            servers[index]?.[0] ?? "",
            String(times.length),
            ...[0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1)),
          ];
        }),
      ),
    ].join("\n");
  } finally {
    await client.stop();
  }
}

async function measure(server: ServerProcess, client: Helper, longest: number): Promise<number[]> {
  await drop(server.url("/rows/sync?n=200000"));
  for (let index = 0; index < 20; index++) await drop(server.url("/"));
  const reader = keepDropping(server.url(`/rows/sync?n=${CHUNKS}`));
  await delay(100);
  await client.ask({ start: { port: server.port, gap: 10 } });
  await Promise.race([reader.done, delay(longest)]);
  const times = await client.ask<number[]>({ stop: true });
  reader.stop();
  await reader.done;
  return times;
}
