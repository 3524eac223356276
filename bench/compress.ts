import type { BenchOptions } from "./main.ts";
import { eventsFigure } from "./compress/events.ts";
import { firstChunkFigure } from "./compress/first-chunk.ts";
import { memoryFigure } from "./compress/memory.ts";
import { throughputFigure } from "./compress/throughput.ts";
import { runFigures, type Figure } from "./support/figures.ts";

const figures: Readonly<Record<string, Figure>> = {
  events: eventsFigure,
  memory: memoryFigure,
  "first-chunk": firstChunkFigure,
  throughput: throughputFigure,
};

/** What compression costs, and what it saves, while a stream is still being made. */
export async function run(options: BenchOptions): Promise<void> {
  await runFigures("compress", figures, [], options);
}
