import type { BenchOptions } from "./main.ts";
import { djangoFigure } from "./pump/django.ts";
import { firstByteFigure } from "./pump/first-byte.ts";
import { latencyFigure } from "./pump/latency.ts";
import { memoryFigure } from "./pump/memory.ts";
import { rowsFigure } from "./pump/rows.ts";
import { starveFigure } from "./pump/starve.ts";
import { describeRun } from "./support/machine.ts";
import { writeFigure } from "./support/results.ts";

/** One figure: takes its measurements and returns them as Markdown, heading first. */
export type Figure = (quick: boolean) => Promise<string>;

const figures: Readonly<Record<string, Figure>> = {
  rows: rowsFigure,
  latency: latencyFigure,
  memory: memoryFigure,
  starve: starveFigure,
  "first-byte": firstByteFigure,
  django: djangoFigure,
};

const rivals = ["hono", "@hono/node-server", "h3", "srvx", "fastify", "express"];

/** From a source to the socket: what it costs, how soon it is there, and what it does to everybody else. */
export async function run({ quick, only }: BenchOptions): Promise<void> {
  const names = only ?? Object.keys(figures);
  for (const name of names) {
    const figure = figures[name];
    if (figure === undefined)
      throw new Error(`No figure ${name}; there are ${Object.keys(figures).join(", ")}.`);
    console.log(`\n--- ${name} ---`);
    const markdown = await figure(quick);
    console.log(`\n${markdown}`);
    if (quick) continue;
    const source = `${describeRun(rivals)}. \`npm run bench -- pump --only ${name}\``;
    await writeFigure(`pump/${name}`, `${markdown}\n\n<sub>${source}</sub>`);
  }
}
