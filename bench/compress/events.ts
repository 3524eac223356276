import { table } from "../support/results.ts";
import {
  drop,
  startClient,
  withServers,
  type Helper,
  type ServerProcess,
} from "../support/process.ts";
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

const STREAMS = 100;
/** Ms between two events of a stream. */
const GAP = 50;
/** Events of the stream whose bytes are counted: so many that its beginning, without anything to look back on, does not count. */
const LONG = 1_000;

const variants: readonly Variant[] = [plain, gzip, br, zstd, plainByHand, gzipByHand];

export async function eventsFigure(quick: boolean): Promise<string> {
  const count = 20;
  const rounds = quick ? 3 : 7;
  const bytes = new Map<Variant, number>();
  const client = await startClient("drain");
  const samples = await withServers(["millrace-compressed", "node-gzip"], async (servers) => {
    for (const variant of variants) {
      const server = serverOf(variant, servers);
      const sent = await drop(server.url(`/events?n=${LONG}&gap=1`), variant.coding);
      bytes.set(variant, sent / LONG);
      await measureCpu(server, client, variant, count); // warm-up
    }
    return interleave(variants, rounds, async (variant, round) => {
      const cpu = await measureCpu(serverOf(variant, servers), client, variant, count);
      console.log(`${round + 1}/${rounds} ${variant.title}: ${cpu.toFixed(0)} µs per event`);
      return cpu;
    });
  }).finally(() => client.stop());

  const cpuOf = (variant: Variant) => samples.get(variant) ?? [];
  const addedBy = (variant: Variant) => {
    const base = variant.file === plain.file ? plain : plainByHand;
    return median(cpuOf(variant)) - median(cpuOf(base));
  };
  return [
    "## Events one at a time",
    "",
    `Events about orders, JSON of ${bytes.get(plain)?.toFixed(0)} bytes on average, every one decodable when it arrives. Bytes of an event as they are sent, without the`,
    `framing of HTTP, in a stream of ${LONG.toLocaleString("en")}; CPU of the server process in µs per event, its timer and its write included, in ${STREAMS} streams with an`,
    `event every ${GAP} ms: median of ${rounds} runs (smallest–largest). "added" is above the same server without coding, and "times" compares that`,
    "with the last line: a stream of zlib at its default level, flushed with Z_SYNC_FLUSH after each event.",
    "",
    table(
      ["server", "bytes", "CPU µs", "added", "times"],
      variants.map((variant) => [
        variant.title,
        bytes.get(variant)?.toFixed(1) ?? "",
        `${median(cpuOf(variant)).toFixed(0)} (${range(cpuOf(variant), 0)})`,
        ...(variant.coding === undefined
          ? ["", ""]
          : [addedBy(variant).toFixed(0), (addedBy(variant) / addedBy(gzipByHand)).toFixed(2)]),
      ]),
    ),
  ].join("\n");
}

/** CPU, µs per event. */
async function measureCpu(
  server: ServerProcess,
  client: Helper,
  { coding }: Variant,
  count: number,
): Promise<number> {
  const path = `/events?n=${count}&gap=${GAP}`;
  const before = await server.usage();
  await client.ask({ port: server.port, path, coding, count: STREAMS });
  const after = await server.usage();
  return (after.cpu - before.cpu) / STREAMS / count;
}
