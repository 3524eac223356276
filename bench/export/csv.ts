import { drop, withServers, type ServerProcess } from "../support/process.ts";
import { table } from "../support/results.ts";
import { interleave, median, range } from "../support/stats.ts";

interface Way {
  readonly title: string;
  /** File in `servers/`. */
  readonly file: string;
  readonly path: string;
  /** The way of ours that it is compared with. */
  readonly ours: string;
}

const ways: readonly Way[] = [
  { title: "bytes that are there already", file: "by-hand", path: "/nothing", ours: "/csv/sync" },
  { title: "**millrace, `csv`**", file: "millrace", path: "/csv/sync", ours: "/csv/sync" },
  { title: "the same with SHA-256", file: "millrace", path: "/csv/sync?digest", ours: "/csv/sync" },
  { title: "the same with `excel`", file: "millrace", path: "/csv/sync?excel", ours: "/csv/sync" },
  { title: "batches of 256, async", file: "millrace", path: "/csv/batches", ours: "/csv/sync" },
  { title: "one by one, async", file: "millrace", path: "/csv/async", ours: "/csv/sync" },
  { title: "`papaparse.unparse` of 500 rows", file: "papaparse", path: "/", ours: "/csv/sync" },
  { title: "strings by hand, joined to 64 KiB", file: "by-hand", path: "/csv", ours: "/csv/sync" },
  { title: "`@fast-csv/format`, stream", file: "fast-csv", path: "/", ours: "/csv/sync" },
  { title: "`csv-stringify`, stream", file: "csv-stringify", path: "/", ours: "/csv/sync" },
  { title: "**millrace, `ndjson`**", file: "millrace", path: "/ndjson/sync", ours: "/ndjson/sync" },
  {
    title: "`JSON.stringify`, joined to 64 KiB",
    file: "by-hand",
    path: "/ndjson",
    ours: "/ndjson/sync",
  },
];

interface Sample {
  /** CPU, s. */
  readonly cpu: number;
  /** Wall time of the response, s. */
  readonly wall: number;
  readonly bytes: number;
}

export async function csvFigure(quick: boolean): Promise<string> {
  const count = quick ? 500_000 : 2_000_000;
  const rounds = 3;
  const files = [...new Set(ways.map(({ file }) => `../export/servers/${file}`))];
  const samples = await withServers(files, async (running) => {
    const serverOf = ({ file }: Way) =>
      running.find(({ name }) => name.endsWith(`/${file}`)) as ServerProcess; // all were started
    console.log("warm-up");
    for (const way of ways) await measure(serverOf(way), way, 200_000);
    return interleave(ways, rounds, async (way, round) => {
      const sample = await measure(serverOf(way), way, count);
      console.log(`${round + 1}/${rounds} ${way.file} ${way.path}: ${sample.cpu.toFixed(2)} s`);
      return sample;
    });
  });
  const cpuOf = (way: Way | undefined) => (way && samples.get(way)?.map(({ cpu }) => cpu)) ?? [];
  return [
    "## Large exports",
    "",
    `${count.toLocaleString("en")} rows of 8 columns (integers, ids, names of which some need quotes and some are not ASCII, addresses, prices, flags,`,
    "dates, notes with line breaks), 145 bytes of CSV each, from a generator over HTTP/1.1 to a curl that drops them. CPU of the server",
    `process, median of ${rounds} runs (smallest–largest), interleaved. "times" is how many times the CPU of ours it takes.`,
    "",
    table(
      ["way", "CPU s", "times", "wall s", "MB/s"],
      ways.map((way) => {
        const cpu = cpuOf(way);
        const times = median(cpu) / median(cpuOf(ways.find(({ path }) => path === way.ours)));
        const wall = median(samples.get(way)?.map((sample) => sample.wall) ?? []);
        const bytes = samples.get(way)?.[0]?.bytes ?? NaN;
        return [
          way.title,
          `${median(cpu).toFixed(2)} (${range(cpu, 2)})`,
          times.toFixed(2),
          wall.toFixed(2),
          (bytes / wall / 1e6).toFixed(0),
        ];
      }),
    ),
  ].join("\n");
}

async function measure(server: ServerProcess, { path }: Way, count: number): Promise<Sample> {
  const before = await server.usage();
  const startedAt = performance.now();
  const bytes = await drop(server.url(`${path}${path.includes("?") ? "&" : "?"}n=${count}`));
  const wall = (performance.now() - startedAt) / 1_000;
  const after = await server.usage();
  if (bytes < count * 120) throw new Error(`${server.name} sent ${bytes} bytes for ${count} rows`);
  return { cpu: (after.cpu - before.cpu) / 1e6, wall, bytes };
}
