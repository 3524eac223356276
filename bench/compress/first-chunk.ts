import { table } from "../support/results.ts";
import { startClient, withServers } from "../support/process.ts";
import { interleave, median, percentile, range } from "../support/stats.ts";
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

/** Requests of a round. */
const BURST = 50;

const again: Variant = { ...plain, title: "millrace, not compressed, the same again" };
const variants: readonly Variant[] = [plain, gzip, br, zstd, again, plainByHand, gzipByHand];

export async function firstChunkFigure(quick: boolean): Promise<string> {
  const rounds = quick ? 6 : 16;
  const client = await startClient("first-chunk");
  const results = await withServers(["millrace-compressed", "node-gzip"], (servers) => {
    const ask = async (variant: Variant) => {
      const { port } = serverOf(variant, servers);
      const request = { port, path: "/page", coding: variant.coding, count: BURST };
      return client.ask<number[]>(request);
    };
    return interleave(variants, rounds + 1, ask);
  }).finally(() => client.stop());
  const roundsOf = (variant: Variant) => (results.get(variant) ?? []).slice(1); // the first warms up
  return [
    "## First chunk",
    "",
    `A page whose head (0.8 KB of HTML) is yielded at once and the rest later; ms from the request to its first decoded byte, ${rounds * BURST} requests on`,
    `kept connections, in bursts of ${BURST}, interleaved. Percentiles of all together; in brackets the range of the bursts' own. "times" is the`,
    "median of the bursts' ratios to the first line; the line that is the same again shows what the noise is.",
    "",
    table(
      ["server", "p50 ms", "times", "p99 ms", "times"],
      variants.map((variant) => [
        variant.title,
        ...[0.5, 0.99].flatMap((share) => cells(roundsOf(variant), roundsOf(plain), share)),
      ]),
    ),
  ].join("\n");
}

function cells(bursts: readonly number[][], base: readonly number[][], share: number): string[] {
  const each = bursts.map((times) => percentile(times, share));
  const ratios = each.map((value, index) => value / percentile(base[index] ?? [], share));
  const all = percentile(bursts.flat(), share);
  return [`${all.toFixed(2)} (${range(each, 2)})`, median(ratios).toFixed(2)];
}
