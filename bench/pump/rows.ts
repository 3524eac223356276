import { table } from "../support/results.ts";
import { drop, withServers, type ServerProcess } from "../support/process.ts";
import { interleave, median, range } from "../support/stats.ts";

/** Title in the table, file in `servers/`. */
const servers: readonly (readonly [title: string, file: string])[] = [
  ["the source alone, nothing sent", "source-alone"],
  ["**millrace, `serve`**", "millrace"],
  ["millrace, portable body in Hono", "millrace-on-hono"],
  ["millrace, portable body in srvx", "millrace-on-srvx"],
  ["`res.write` per row", "node-write"],
  ["`Readable.from`, `pipeline`", "node-pipeline"],
  ["Express 5, `Readable.from`", "express"],
  ["Fastify 5, `Readable.from`", "fastify"],
  ["srvx, `new Response(stream)`", "srvx"],
  ["Hono, `new Response(stream)`", "hono"],
  ["h3, `iterable()`", "h3"],
];

interface Sample {
  /** CPU, µs per row. */
  readonly cpu: number;
  /** Wall time of the response, s. */
  readonly wall: number;
}

type Kind = "sync" | "async";

export async function rowsFigure(quick: boolean): Promise<string> {
  const count = quick ? 500_000 : 1_000_000;
  const rounds = quick ? 3 : 5;
  const files = servers.map(([, file]) => file);
  const samples = await withServers(files, async (running) => {
    const variants = running.flatMap((server) => [
      { server, kind: "sync" as const },
      { server, kind: "async" as const },
    ]);
    console.log("warm-up");
    for (const { server, kind } of variants) await measure(server, kind, count / 2);
    return interleave(variants, rounds, async ({ server, kind }, round) => {
      const sample = await measure(server, kind, count);
      console.log(
        `${round + 1}/${rounds} ${server.name} ${kind}: ${sample.cpu.toFixed(2)} µs per row`,
      );
      return sample;
    });
  });
  const find = (file: string, kind: Kind): Sample[] => {
    for (const [variant, values] of samples) {
      if (variant.server.name === file && variant.kind === kind) return values;
    }
    return [];
  };
  return [
    "## CPU per row",
    "",
    `${count.toLocaleString("en")} CSV rows of about 65 bytes in one response, a chunk for each row, curl on the other side; CPU of the server`,
    `process in µs per row, median of ${rounds} runs (smallest–largest), the making of the rows included. "times" is how many times less`,
    "CPU ours takes. The source alone is the floor: no server can be below it.",
    "",
    table(
      ["server", "sync µs", "times", "sync wall s", "async µs", "times", "async wall s"],
      servers.map(([title, file]) => [
        title,
        ...cells(find(file, "sync"), find("millrace", "sync")),
        ...cells(find(file, "async"), find("millrace", "async")),
      ]),
    ),
  ].join("\n");
}

function cells(samples: readonly Sample[], ours: readonly Sample[]): string[] {
  const cpu = samples.map((sample) => sample.cpu);
  const times = median(cpu) / median(ours.map((sample) => sample.cpu));
  const wall = median(samples.map((sample) => sample.wall));
  return [`${median(cpu).toFixed(2)} (${range(cpu, 2)})`, times.toFixed(1), wall.toFixed(2)];
}

async function measure(server: ServerProcess, kind: Kind, count: number): Promise<Sample> {
  const before = await server.usage();
  const startedAt = performance.now();
  const bytes = await drop(server.url(`/rows/${kind}?n=${count}`));
  const wall = (performance.now() - startedAt) / 1_000;
  const after = await server.usage();
  if (server.name !== "source-alone" && bytes < count * 60) {
    throw new Error(`${server.name} sent ${bytes} bytes for ${count} rows`);
  }
  return { cpu: (after.cpu - before.cpu) / count, wall };
}
