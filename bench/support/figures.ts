import type { BenchOptions } from "../main.ts";
import { describeRun } from "./machine.ts";
import { writeFigure } from "./results.ts";

/** One figure: takes its measurements and returns them as Markdown, heading first. */
export type Figure = (quick: boolean) => Promise<string>;

/** Takes the figures of a benchmark, and writes each into RESULTS.md unless the run is a quick one. */
export async function runFigures(
  benchmark: string,
  figures: Readonly<Record<string, Figure>>,
  rivals: readonly string[],
  { quick, only }: BenchOptions,
): Promise<void> {
  for (const name of only ?? Object.keys(figures)) {
    const figure = figures[name];
    if (figure === undefined)
      throw new Error(`No figure ${name}; there are ${Object.keys(figures).join(", ")}.`);
    console.log(`\n--- ${name} ---`);
    const markdown = await figure(quick);
    console.log(`\n${markdown}`);
    if (quick) continue;
    const source = `${describeRun(rivals)}. \`npm run bench -- ${benchmark} --only ${name}\``;
    await writeFigure(`${benchmark}/${name}`, `${markdown}\n\n<sub>${source}</sub>`);
  }
}
