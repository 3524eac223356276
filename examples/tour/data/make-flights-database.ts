/** Makes the database of the tour out of vega-datasets: `node make-flights-database.ts <path>`. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { zstdDecompressSync } from "node:zlib";

import { parse } from "csv-parse/sync";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

/** The file has three million; these are its first row group. */
const count = 272_727;
const tenth = Math.floor(count / 10);
const data = new URL("../data/", import.meta.resolve("vega-datasets"));
const path = process.argv[2];
if (path === undefined) throw new Error("Give the path of the database.");

const started = performance.now();
process.stdout.write("Making the database of the tour, once: ");
mkdirSync(dirname(path), { recursive: true });
removeLeftovers(dirname(path), basename(path));
// Under its own name only when it is whole: whoever looks meanwhile sees none.
const half = `${path}.${process.pid}`;
await make(half);
renameSync(half, path);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
const size = (statSync(path).size / 1e6).toFixed(0);
console.log(`${count.toLocaleString("en")} rows, ${size} MB, in ${seconds} s.`);

async function make(file: string): Promise<void> {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = OFF;
    CREATE TABLE flights (
      id INTEGER PRIMARY KEY, departure TEXT, origin TEXT, "from" TEXT, destination TEXT, "to" TEXT, miles INTEGER, late INTEGER
    );
    BEGIN`);
  const insert = database.prepare("INSERT INTO flights VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  const names = readAirports();
  let id = 0;
  for (const { date, origin, destination, distance, delay } of await readFlights()) {
    const [from, to] = [names.get(origin) ?? null, names.get(destination) ?? null];
    const departure = date.toISOString().slice(0, 16);
    insert.run(++id, departure, origin, from, destination, to, distance, delay);
    if (id % tenth === 0) process.stdout.write(`${(id / tenth) * 10} % `);
  }
  database.exec("COMMIT");
  database.close();
}

/** A departure as the file has it: miles to go, minutes late. */
interface Flight {
  readonly date: Date;
  readonly origin: string;
  readonly destination: string;
  readonly distance: bigint;
  readonly delay: bigint;
}

async function readFlights(): Promise<Flight[]> {
  const file = await asyncBufferFromFile(fileURLToPath(new URL("flights-3m.parquet", data)));
  const compressors = { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) };
  const flights = await parquetReadObjects({ file, compressors, rowEnd: count });
  return flights as unknown as Flight[]; // what the columns of this file hold
}

/** Names of airports by their codes. */
function readAirports(): Map<string, string> {
  const records = parse(readFileSync(new URL("airports.csv", data)), { fromLine: 2 });
  return new Map(records.map(([code = "", name = ""]) => [code, name]));
}

/** What processes left behind that were ended while they made it. */
function removeLeftovers(folder: string, file: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${file}.`)) continue;
    const maker = /^\.(\d+)(?:-journal)?$/.exec(name.slice(file.length))?.[1];
    if (maker !== undefined && !isRunning(Number(maker)))
      rmSync(join(folder, name), { force: true });
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0); // 0 is no signal, only the question
  } catch {
    return false;
  }
}
