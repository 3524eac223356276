import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { drop, withServers } from "../support/process.ts";
import { table } from "../support/results.ts";
import { interleave, median, range } from "../support/stats.ts";
import { createTables, mariadb, psql, type Tables } from "./database-tables.ts";

/** One way out of a database. */
interface Variant {
  readonly title: string;
  /** With whose time it is compared: the first of its database. */
  readonly floor: number;
  /** Server and path; a program of the database has neither. */
  readonly server?: { readonly file: string; readonly path: string };
  readonly program?: (tables: Tables) => Promise<unknown>;
}

interface Sample {
  /** Wall time, s. */
  readonly wall: number;
  /** CPU of the server process, s; undefined for a program of the database. */
  readonly cpu: number | undefined;
}

const millrace = "../export/servers/databases";
const byHand = "../export/servers/databases-by-hand";

const toFile = ({ folder }: Tables) => join(folder, "out.csv");

const variants: readonly Variant[] = [
  {
    title: "PostgreSQL: `psql \\copy` to a file",
    floor: 0,
    program: (tables) =>
      psql(`\\copy (${tables.query}) TO '${toFile(tables)}' WITH (FORMAT csv, HEADER)`),
  },
  served("**`postgresCopy`**, pg", 0, millrace, "/copy/pg"),
  served("**`postgresCopy`**, postgres", 0, millrace, "/copy/postgres"),
  served("pg-copy-streams into `res`", 0, byHand, "/copy/pg"),
  served("postgres, `readable()` into `res`", 0, byHand, "/copy/postgres"),
  served("**`postgresRows`**, pg", 0, millrace, "/rows/pg"),
  served("**`postgresRows`**, postgres", 0, millrace, "/rows/postgres"),
  {
    title: "SQLite: `sqlite3 -csv` to a file",
    floor: 7,
    program: (tables) => sqlite(tables),
  },
  served("**`sqliteRows`**", 7, millrace, "/rows/sqlite"),
  {
    title: "MariaDB: `mariadb --batch --quick` to a file",
    floor: 9,
    program: (tables) => mariadb(tables.query, toFile(tables)),
  },
  served("**`mysqlRows`**", 9, millrace, "/rows/mysql"),
];

function served(title: string, floor: number, file: string, path: string): Variant {
  return { title, floor, server: { file, path } };
}

export async function databasesFigure(quick: boolean): Promise<string> {
  const count = quick ? 200_000 : 2_000_000;
  const rounds = quick ? 2 : 5;
  console.log("filling the tables");
  const tables = await createTables(count);
  try {
    const samples = await withServers([millrace, byHand], (servers) => {
      const measure = async (
        { title, server, program }: Variant,
        round: number,
      ): Promise<Sample> => {
        const process = servers.find(({ name }) => name === server?.file);
        const before = await process?.usage();
        const startedAt = performance.now();
        if (process === undefined || server === undefined) await program?.(tables);
        else await fetchAll(process.url(server.path), tables, count);
        const wall = (performance.now() - startedAt) / 1_000;
        const after = await process?.usage();
        const cpu = after && before && (after.cpu - before.cpu) / 1e6;
        console.log(`${round + 1}/${rounds} ${title}: ${wall.toFixed(2)} s`);
        return { wall, cpu };
      };
      return interleave(variants, rounds, measure);
    });
    return markdown(count, rounds, samples);
  } finally {
    await tables.drop();
  }
}

async function fetchAll(url: string, { query, sqliteFile }: Tables, count: number): Promise<void> {
  const bytes = await drop(`${url}?${new URLSearchParams({ query, file: sqliteFile })}`);
  if (bytes < count * 100) throw new Error(`${url} sent ${bytes} bytes`);
}

async function sqlite(tables: Tables): Promise<void> {
  const script = [".mode csv", ".headers on", `.output ${toFile(tables)}`, `${tables.query};`];
  const { stderr } = await promisify(execFile)("sqlite3", [tables.sqliteFile, ...script]);
  if (stderr !== "") throw new Error(stderr);
}

function markdown(count: number, rounds: number, samples: Map<Variant, Sample[]>): string {
  const walls = (variant: Variant | undefined) =>
    (variant && samples.get(variant)?.map(({ wall }) => wall)) ?? [];
  const lines = variants.map((variant) => {
    const wall = walls(variant);
    const cpu = samples.get(variant)?.flatMap((sample) => sample.cpu ?? []) ?? [];
    return [
      variant.title,
      `${median(wall).toFixed(2)} (${range(wall, 2)})`,
      (median(wall) / median(walls(variants[variant.floor]))).toFixed(2),
      cpu.length === 0 ? "" : `${median(cpu).toFixed(2)} (${range(cpu, 2)})`,
    ];
  });
  return [
    "## Out of a database",
    "",
    `${count.toLocaleString("en")} rows of 8 columns (about 130 bytes of CSV) from a database on the same machine, over TCP where it has a server, to curl on`,
    `loopback; median of ${rounds} runs (smallest–largest). CPU is that of the Node process. "times" is the wall time compared with the program`,
    "that the database itself brings, which heads its rows of the table. Ours include SHA-256 of the export.",
    "",
    table(["road", "wall s", "times", "CPU s"], lines),
  ].join("\n");
}
