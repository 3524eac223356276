/** A row as business has them: numbers, an id, text of which some needs quotes and some is not ASCII, a flag, a date. */
export interface Order {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly email: string;
  readonly amount: number;
  readonly shipped: boolean;
  readonly created: string;
  readonly note: string;
}

export const columns = [
  ...["id", "uuid", "name", "email"],
  ...["amount", "shipped", "created", "note"],
] as (keyof Order)[];

const names = [
  ...["Ada Lovelace", "Grace Hopper", "Smith, John", 'Robert "Bob" Tables', "山田太郎"],
  ...["Zoë Müller", "Linus Torvalds", "O'Brien, Pat", "Edsger Dijkstra", "Barbara Liskov"],
];
const notes = [
  ...["", "paid", "ok", "no note", "delivered to the neighbour on the left side"],
  ...["call back\nafter lunch", "line one\r\nline two, with a comma", 'fragile, "this side up"'],
];

let state = 20_260_728;
/** The same rows in every process: a linear congruential generator (ANSI C's), 0 to 1. */
function random(): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return state / 0x80000000;
}
const below = (count: number) => Math.floor(random() * count);
const hex = (digits: number) =>
  Array.from({ length: digits }, () => below(16).toString(16)).join("");

function createOrder(index: number): Order {
  return {
    id: 1_000_000 + index,
    uuid: `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    name: names[below(names.length)] ?? "",
    email: `customer${below(1_000_000)}@example.com`,
    amount: below(1_000_000) / 100,
    shipped: random() < 0.5,
    created: new Date(1.7e12 + below(3e10)).toISOString(),
    note: notes[below(notes.length)] ?? "",
  };
}

/** Rows come from a pool: to make them would cost more than to write them. Through JSON, as text that came from outside is stored. */
const pool = JSON.parse(
  JSON.stringify(Array.from({ length: 4096 }, (_, index) => createOrder(index))),
) as Order[];

const BATCH = 256;

export function* orders(count: number): Generator<Order> {
  for (let index = 0; index < count; index++) yield pool[index % pool.length] as Order;
}

export async function* ordersAsync(count: number): AsyncGenerator<Order> {
  for (let index = 0; index < count; index++) yield pool[index % pool.length] as Order;
}

/** As a cursor of a database has them. */
export async function* orderBatches(count: number): AsyncGenerator<Order[]> {
  for (let index = 0; index < count; index += BATCH) {
    const from = index % pool.length;
    yield pool.slice(from, from + Math.min(BATCH, count - index));
  }
}
