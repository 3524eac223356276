import { table } from "../support/results.ts";
import { drop, fixedNursery, startClient, startServer } from "../support/process.ts";
import { interleave, median, range } from "../support/stats.ts";

interface Variant {
  readonly title: string;
  readonly file: string;
  readonly path: string;
}

const variants: readonly Variant[] = [
  { title: "`res.write`, no source at all", file: "node-write", path: "/quiet/bare" },
  { title: "`res.write` in a loop over the generator", file: "node-write", path: "/quiet" },
  { title: "**millrace**, the generator", file: "millrace", path: "/quiet" },
  { title: "**millrace**, it waits on `{ signal }`", file: "millrace", path: "/quiet/signal" },
  { title: "millrace, the same with a heartbeat", file: "millrace", path: "/quiet/heartbeat" },
  { title: "srvx, `new Response(stream)`", file: "srvx", path: "/quiet" },
  { title: "Hono, `new Response(stream)`", file: "hono", path: "/quiet" },
  { title: "h3, `iterable()`", file: "h3", path: "/quiet" },
  { title: "Fastify 5, `Readable.from`", file: "fastify", path: "/quiet" },
  { title: "Express 5, `Readable.from`", file: "express", path: "/quiet" },
];

/** The streams that are open before: they take what is made once for all, and pages that the process had to spare. */
const FIRST = 1_000;

/** Per stream, in KiB. */
interface Sample {
  readonly rss: number;
  readonly heap: number;
}

export async function memoryFigure(quick: boolean): Promise<string> {
  const count = quick ? 2_000 : 5_000;
  const rounds = quick ? 1 : 3;
  const results = await interleave(variants, rounds, async (variant, round) => {
    const sample = await measure(variant, count);
    const text = `${sample.rss.toFixed(1)} KiB resident, ${sample.heap.toFixed(1)} heap`;
    console.log(`${round + 1}/${rounds} ${variant.file} ${variant.path}: ${text}`);
    return sample;
  });
  const samples = [...results.values()];
  const raw = samples[0] ?? [];
  return [
    "## Memory per quiet stream",
    "",
    `${count.toLocaleString("en")} open streams that have sent one chunk and wait, in one process, over the same process with the first ${FIRST.toLocaleString("en")};`,
    `KiB each, after a garbage collection, median of ${rounds} (smallest–largest). V8's nursery is held at 16 MB, since how far it grows`,
    "says nothing about streams.",
    "",
    table(
      ["server", "resident KiB", "above the first", "JS heap KiB", "above the first"],
      variants.map(({ title }, index) => [
        title,
        ...cells(samples[index] ?? [], raw, "rss"),
        ...cells(samples[index] ?? [], raw, "heap"),
      ]),
    ),
  ].join("\n");
}

function cells(samples: readonly Sample[], raw: readonly Sample[], key: keyof Sample): string[] {
  const values = samples.map((sample) => sample[key]);
  const above = median(values) - median(raw.map((sample) => sample[key]));
  return [`${median(values).toFixed(1)} (${range(values, 1)})`, above.toFixed(1)];
}

async function measure({ file, path }: Variant, count: number): Promise<Sample> {
  const server = await startServer(file, fixedNursery);
  const client = await startClient("hold");
  try {
    await drop(server.url("/rows/async?n=300000"));
    await client.ask({ port: server.port, path, count: FIRST });
    const before = await server.usage({ collect: true });
    await client.ask({ port: server.port, path, count: FIRST + count });
    const after = await server.usage({ collect: true });
    return {
      rss: (after.rss - before.rss) / count / 1024,
      heap: (after.heap - before.heap) / count / 1024,
    };
  } finally {
    await client.stop();
    await server.stop();
  }
}
