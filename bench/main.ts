import { access } from "node:fs/promises";
import { parseArgs } from "node:util";

/** What a benchmark is asked to do. */
export interface BenchOptions {
  /** Fewer and shorter runs, for developing; nothing is written into RESULTS.md. */
  readonly quick: boolean;
  /** The figures to take; undefined for all of them. */
  readonly only: readonly string[] | undefined;
}

/** What `bench/<name>.ts` exports. */
interface Benchmark {
  run(options: BenchOptions): Promise<void>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const name = positionals[0] ?? "";
const file = new URL(`./${name}.ts`, import.meta.url);
if (!/^[a-z-]+$/.test(name) || name === "main" || !(await exists(file))) {
  console.error(
    "Usage: npm run bench -- <name> [--quick] [--only figure,figure], for example: pump",
  );
  process.exit(1);
}
const benchmark = (await import(file.href)) as Benchmark; // every bench/<name>.ts is one
await benchmark.run({ quick: values.quick, only: values.only?.split(",") });

async function exists(url: URL): Promise<boolean> {
  return access(url).then(
    () => true,
    () => false,
  );
}
