import { setTimeout as delay } from "node:timers/promises";

import { table } from "../support/results.ts";
import { drop, fixedNursery, startClient, startServer } from "../support/process.ts";
import { interleave, median, range } from "../support/stats.ts";
import { br, gzip, gzipByHand, plain, plainByHand, zstd, type Variant } from "./variants.ts";

const variants: readonly Variant[] = [plain, gzip, br, zstd, plainByHand, gzipByHand];

/** Ms until all streams have sent their last event. */
const QUIET = 500;

/** Where a stream takes hundreds of KiB, so many are enough to see it. */
const FEW = 500;

/** The streams that are open before: they take what is made once for all, and pages that the process had to spare. */
const FIRST = 500;

/** Per stream, in KiB. */
interface Sample {
  readonly rss: number;
  readonly heap: number;
}

export async function memoryFigure(quick: boolean): Promise<string> {
  const many = quick ? 2_000 : 5_000;
  const rounds = quick ? 1 : 3;
  const countOf = (variant: Variant) =>
    variant.coding === undefined || variant === gzip ? many : FEW;
  const results = await interleave(variants, rounds, async (variant, round) => {
    const sample = await measure(variant, countOf(variant));
    const text = `${sample.rss.toFixed(1)} KiB resident, ${sample.heap.toFixed(1)} heap`;
    console.log(`${round + 1}/${rounds} ${variant.title}: ${text}`);
    return sample;
  });
  const cells = (variant: Variant, key: keyof Sample): string[] => {
    const of = (some: Variant) => (results.get(some) ?? []).map((sample) => sample[key]);
    const base = variant.file === plain.file ? plain : plainByHand;
    const above = median(of(variant)) - median(of(base));
    return [
      `${median(of(variant)).toFixed(1)} (${range(of(variant), 1)})`,
      variant.coding === undefined ? "" : above.toFixed(1),
    ];
  };
  return [
    "## Memory per quiet stream",
    "",
    `Open streams that have sent five events and wait, in one process, over the same process with the first ${FIRST}; KiB each, after a garbage`,
    `collection, median of ${rounds} (smallest–largest). "above" is above the same server without coding. V8's nursery is held at 16 MB.`,
    "",
    table(
      ["server", "streams", "resident KiB", "above", "JS heap KiB", "above"],
      variants.map((variant) => [
        variant.title,
        countOf(variant).toLocaleString("en"),
        ...cells(variant, "rss"),
        ...cells(variant, "heap"),
      ]),
    ),
  ].join("\n");
}

async function measure({ file, coding }: Variant, count: number): Promise<Sample> {
  const server = await startServer(file, fixedNursery);
  const client = await startClient("hold");
  try {
    await drop(server.url("/events?n=300&gap=0"), coding);
    await drop(server.url("/csv?mib=64"));
    const open = async (all: number) => {
      await client.ask({ port: server.port, path: "/quiet", coding, count: all });
      await delay(QUIET);
      return server.usage({ collect: true });
    };
    const before = await open(FIRST);
    const after = await open(FIRST + count);
    return {
      rss: (after.rss - before.rss) / count / 1024,
      heap: (after.heap - before.heap) / count / 1024,
    };
  } finally {
    await client.stop();
    await server.stop();
  }
}
