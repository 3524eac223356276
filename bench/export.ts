import { csvFigure } from "./export/csv.ts";
import { databasesFigure } from "./export/databases.ts";
import { memoryFigure } from "./export/memory.ts";
import type { BenchOptions } from "./main.ts";
import { runFigures, type Figure } from "./support/figures.ts";

const figures: Readonly<Record<string, Figure>> = {
  csv: csvFigure,
  memory: memoryFigure,
  databases: databasesFigure,
};

const rivals = [
  ...["csv-stringify", "@fast-csv/format", "papaparse"],
  ...["pg", "pg-copy-streams", "postgres", "mysql2"],
];

/** Large downloads: what a row costs, and what they hold in memory. */
export async function run(options: BenchOptions): Promise<void> {
  await runFigures("export", figures, rivals, options);
}
