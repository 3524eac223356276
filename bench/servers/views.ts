import { setTimeout as delay } from "node:timers/promises";

/** What a view streams; the servers beside this file differ only in how they send it. */
export type View = (query: URLSearchParams) => Iterable<string> | AsyncIterable<string>;

export const contentType = "text/csv; charset=utf-8";

/** A small plain page, for the requests that come in while streams are open. */
export const page = "<!doctype html><title>Orders</title><h1>Orders</h1><p>Nothing new.</p>\n";

export const views: Readonly<Record<string, View>> = {
  "/rows/sync": (query) => rows(Number(query.get("n"))),
  "/rows/async": (query) => asyncRows(Number(query.get("n"))),
  "/beats": (query) => beats(Number(query.get("n")), Number(query.get("gap"))),
  "/quiet": () => quiet(),
  "/ticks": () => ticks(),
};

/** The view of a request target, called with its query; undefined for the small page. */
export function sourceOf(target: string): Iterable<string> | AsyncIterable<string> | undefined {
  const [path = "", query] = target.split("?", 2);
  return views[path]?.(new URLSearchParams(query));
}

/** About 65 bytes, as an export of orders has them. */
function row(index: number): string {
  return `${index},2026-07-28T12:00:00.000Z,customer-${index % 997},shipped,EUR,${index % 10_000}.50\n`;
}

function* rows(count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield row(index);
}

async function* asyncRows(count: number): AsyncGenerator<string> {
  for (let index = 0; index < count; index++) yield row(index);
}

/** Rows that carry the time of their yield, on the clock that all processes of a machine share. */
async function* beats(count: number, gap: number): AsyncGenerator<string> {
  for (let index = 0; index < count; index++) {
    await delay(gap);
    yield `t${process.hrtime.bigint()}\n`;
  }
}

/** Who waits for news: a promise that nothing refers to would be collected, and the stream with it. */
const waiting = new Set<() => void>();

async function* quiet(): AsyncGenerator<string> {
  yield "data: open\n\n";
  await new Promise<void>((resolve) => waiting.add(resolve));
}

async function* ticks(): AsyncGenerator<string> {
  await delay(Math.random() * 1_000);
  while (true) {
    yield `data: ${Date.now()}\n\n`;
    await delay(1_000);
  }
}
