import { table } from "../support/results.ts";
import { drop, withServers, type ServerProcess } from "../support/process.ts";
import { interleave, median, range } from "../support/stats.ts";
import {
  br,
  gzip,
  gzipByHand,
  plain,
  plainByHand,
  serverOf,
  zstd,
  type Variant,
} from "./variants.ts";

const MIB = 2 ** 20;

interface Throughput extends Variant {
  readonly query?: string;
}

const variants: readonly Throughput[] = [
  plain,
  gzip,
  br,
  zstd,
  plainByHand,
  { ...gzipByHand, title: "`createGzip({ level: 3 })`, `pipeline`", query: "&level=3" },
  { ...gzipByHand, title: "`createGzip()`, `pipeline`" },
];

/** In MB of plain text. */
interface Sample {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
}

export async function throughputFigure(quick: boolean): Promise<string> {
  const size = quick ? 64 : 192;
  const rounds = quick ? 2 : 3;
  const results = await withServers(["millrace-compressed", "node-gzip"], async (servers) => {
    for (const variant of variants) await measure(serverOf(variant, servers), variant, 16); // warm-up
    return interleave(variants, rounds, async (variant, round) => {
      const sample = await measure(serverOf(variant, servers), variant, size);
      const text = `${sample.perCpuSecond.toFixed(0)} MB per CPU second, ratio ${sample.ratio.toFixed(2)}`;
      console.log(`${round + 1}/${rounds} ${variant.title}: ${text}`);
      return sample;
    });
  });
  const of = (variant: Throughput, key: keyof Sample) =>
    (results.get(variant) ?? []).map((sample) => sample[key]);
  const rival = variants.at(-2) ?? gzipByHand;
  return [
    "## A large export",
    "",
    `${size} MiB of CSV rows in batches of 64 KiB that were made before, curl on the other side; MB of plain text per second of the server's CPU (all`,
    `threads) and per second of the clock, median of ${rounds} runs (smallest–largest). "times" is against zlib by hand at our level, 3.`,
    "",
    table(
      ["server", "ratio", "MB per CPU s", "times", "MB/s"],
      variants.map((variant) => [
        variant.title,
        median(of(variant, "ratio")).toFixed(2),
        `${median(of(variant, "perCpuSecond")).toFixed(0)} (${range(of(variant, "perCpuSecond"), 0)})`,
        (median(of(variant, "perCpuSecond")) / median(of(rival, "perCpuSecond"))).toFixed(2),
        median(of(variant, "perSecond")).toFixed(0),
      ]),
    ),
  ].join("\n");
}

async function measure(
  server: ServerProcess,
  { coding, query = "" }: Throughput,
  mib: number,
): Promise<Sample> {
  const megabytes = (mib * MIB) / 1e6;
  const before = await server.usage();
  const startedAt = performance.now();
  const bytes = await drop(server.url(`/csv?mib=${mib}${query}`), coding);
  const wall = (performance.now() - startedAt) / 1_000;
  const after = await server.usage();
  return {
    perCpuSecond: megabytes / ((after.cpu - before.cpu) / 1e6),
    perSecond: megabytes / wall,
    ratio: (mib * MIB) / bytes,
  };
}
