import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

/** What a view streams, whatever coding it leaves in. */
export interface CodedView {
  readonly contentType: string;
  source(query: URLSearchParams): Iterable<Uint8Array> | AsyncIterable<string>;
}

export const codedViews: Readonly<Record<string, CodedView>> = {
  "/events": {
    contentType: "text/event-stream",
    source: (query) => events(Number(query.get("n")), Number(query.get("gap"))),
  },
  "/quiet": { contentType: "text/event-stream", source: quiet },
  "/page": { contentType: "text/html; charset=utf-8", source: page },
  "/csv": {
    contentType: "text/csv; charset=utf-8",
    source: (query) => csv(Number(query.get("mib"))),
  },
};

/** One event at a time, each after a wait. */
async function* events(count: number, gap: number): AsyncGenerator<string> {
  const random = randomNumbers();
  for (let index = 0; index < count; index++) {
    await delay(gap);
    yield eventOf(index, random);
  }
}

/** A few events, then nothing. */
async function* quiet(): AsyncGenerator<string> {
  const random = randomNumbers();
  for (let index = 0; index < 5; index++) {
    yield eventOf(index, random);
    await nextTurn();
  }
  await new Promise<void>((resolve) => waiting.add(resolve));
}

/** A promise that nothing refers to would be collected, and the stream with it. */
const waiting = new Set<() => void>();

const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Orders</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/assets/main-4f1c9a.css"><script type="module" src="/assets/main-9b20de.js"></script></head>
<body><header class="bar"><a class="bar__logo" href="/">Warehouse</a><nav class="bar__menu"><a href="/orders" aria-current="page">Orders</a>
<a href="/customers">Customers</a><a href="/stock">Stock</a><a href="/reports">Reports</a></nav></header>
<main><h1>Orders</h1><table class="orders"><thead><tr><th>Order</th><th>Customer</th><th>Status</th><th>Total</th></tr></thead><tbody>\n`;

/** The head of a page, and the rest when a query has answered. */
async function* page(): AsyncGenerator<string> {
  yield head;
  await delay(1);
  yield "<tr><td>1</td><td>customer-1</td><td>shipped</td><td>12.50</td></tr></tbody></table></main></body></html>\n";
}

const BATCH = 64 * 1024;

/** Rows of about 65 bytes in batches of 64 KiB, made before, so that the making costs nothing: 8 MiB again and again. */
function* csv(mib: number): Generator<Uint8Array> {
  batches ??= Array.from(makeBatches(8));
  for (let index = 0; index < mib * 16; index++) {
    const batch = batches[index % batches.length];
    if (batch !== undefined) yield batch;
  }
}

let batches: Uint8Array[] | undefined;

function* makeBatches(mib: number): Generator<Uint8Array> {
  const random = randomNumbers();
  let text = "";
  for (let index = 1, left = mib * 16; left > 0; index++) {
    const at = new Date(1_790_000_000_000 + index * 1_739 + random(900)).toISOString();
    text += `${index},${at},customer-${random(997)},${pick(states, random)},EUR,${random(10_000)}.${10 + random(90)}\n`;
    if (text.length < BATCH) continue;
    yield Buffer.from(text.slice(0, BATCH));
    text = text.slice(BATCH);
    left -= 1;
  }
}

const channels = ["web", "app", "phone", "shop"];
const states = ["received", "packed", "shipped", "delivered", "returned"];

/** About 165 bytes: an order that has come in. */
function eventOf(index: number, random: (below: number) => number): string {
  const at = new Date(1_790_000_000_000 + index * 1_739 + random(900)).toISOString();
  const data = {
    order: 480_000 + index,
    customer: `customer-${random(997)}`,
    channel: pick(channels, random),
    articles: 1 + random(9),
    total: Number(`${random(1_000)}.${10 + random(90)}`),
    currency: "EUR",
    at,
  };
  return `event: order\nid: ${index}\ndata: ${JSON.stringify(data)}\n\n`;
}

function pick<T>(values: readonly T[], random: (below: number) => number): T | undefined {
  return values[random(values.length)];
}

/** The same numbers in every process (the generator of Numerical Recipes). */
function randomNumbers(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
