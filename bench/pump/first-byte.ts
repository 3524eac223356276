import { setTimeout as delay } from "node:timers/promises";

import { table } from "../support/results.ts";
import { startClient, startServer } from "../support/process.ts";
import { interleave, percentile } from "../support/stats.ts";

const STREAMS = 1_000;

const servers: readonly (readonly [title: string, file: string])[] = [
  ["`res.write`", "node-write"],
  ["**millrace, `serve`**", "millrace"],
  ["srvx", "srvx"],
  ["Hono", "hono"],
  ["h3", "h3"],
  ["Fastify 5", "fastify"],
  ["Express 5", "express"],
];

export async function firstByteFigure(quick: boolean): Promise<string> {
  const rounds = quick ? 1 : 2;
  const duration = quick ? 1_500 : 3_000;
  const results = await interleave(servers, rounds, async ([, file], round) => {
    const times = await measure(file, duration);
    console.log(`${round + 1}/${rounds} ${file}: p99 ${percentile(times, 0.99).toFixed(2)} ms`);
    return times;
  });
  return [
    "## First byte of a page beside a thousand streams",
    "",
    `${STREAMS.toLocaleString("en")} open streams that each yield once a second, and a request for a small page every 10 ms for ${duration / 1_000} s; ms until the`,
    `first byte, ${rounds} runs together.`,
    "",
    table(
      ["server", "p50 ms", "p99 ms", "longest ms"],
      Array.from(results, ([[title], runs]) => [
        title,
        ...[0.5, 0.99, 1].map((share) => percentile(runs.flat(), share).toFixed(2)),
      ]),
    ),
  ].join("\n");
}

async function measure(file: string, duration: number): Promise<number[]> {
  const server = await startServer(file);
  const hold = await startClient("hold");
  const probe = await startClient("probe");
  try {
    await hold.ask({ port: server.port, path: "/ticks", count: STREAMS });
    await probe.ask({ start: { port: server.port, gap: 10 } });
    await delay(500); // warm-up
    await probe.ask({ stop: true });
    await probe.ask({ start: { port: server.port, gap: 10 } });
    await delay(duration);
    return await probe.ask<number[]>({ stop: true });
  } finally {
    await Promise.all([probe.stop(), hold.stop(), server.stop()]);
  }
}
