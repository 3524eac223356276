import { table } from "../support/results.ts";
import { startClient, withServers } from "../support/process.ts";
import { interleave, median, percentile, range } from "../support/stats.ts";

const GAP = 3;

export async function latencyFigure(quick: boolean): Promise<string> {
  const count = quick ? 200 : 400;
  const rounds = quick ? 4 : 10;
  const client = await startClient("beats");
  try {
    // The same server twice says how far two equal things are apart on this machine.
    const names = ["node-write", "millrace", "node-write", "millrace-on-srvx"];
    const results = await withServers(names, (servers) =>
      interleave(servers, rounds, async (server, round) => {
        const path = `/beats?n=${count}&gap=${GAP}`;
        const delays = await client.ask<number[]>({ port: server.port, path });
        const late = delays.slice(20); // the first ones warm up
        console.log(
          `${round + 1}/${rounds} ${server.name}: p50 ${percentile(late, 0.5).toFixed(0)} µs`,
        );
        return late;
      }),
    );
    const titles = [
      "`res.write`",
      "**millrace, `serve`**",
      "`res.write`, the same again",
      "millrace, portable body in srvx",
    ];
    const runs = [...results.values()];
    const base = runs[0] ?? [];
    return [
      "## A lone chunk, from yield to client",
      "",
      `${count} rows ${GAP} ms apart from an async generator, each with the time of its yield on the clock both processes share; ${rounds} rounds,`,
      'interleaved. Percentiles of all rounds together, in µs; in brackets the range of the rounds\' own. "times" is against the first line;',
      "the third line is a second process of the same server, and shows what the noise is.",
      "",
      table(
        ["server", "p50 µs", "times", "p99 µs", "times"],
        runs.map((delays, index) => [
          titles[index] ?? "",
          ...cells(delays, base, 0.5),
          ...cells(delays, base, 0.99),
        ]),
      ),
    ].join("\n");
  } finally {
    await client.stop();
  }
}

function cells(rounds: readonly number[][], base: readonly number[][], share: number): string[] {
  const all = percentile(rounds.flat(), share);
  const each = rounds.map((delays) => percentile(delays, share));
  // Rounds that lie beside each other share the machine's mood: the median of their ratios is steadier than one of all.
  const times = median(each.map((value, index) => value / percentile(base[index] ?? [], share)));
  return [`${all.toFixed(0)} (${range(each, 0)})`, times.toFixed(2)];
}
