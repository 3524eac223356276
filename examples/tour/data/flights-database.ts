import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

/** Departures in the table: American airports, 1 to 17 January 2001. */
export const flightCount = 272_727;

const folder = process.env["TOUR_CACHE"] ?? fileURLToPath(new URL("../.cache/", import.meta.url));

/** The SQLite database with the table `flights`. */
export const flightsPath: string = join(folder, "flights.sqlite");

const maker = fileURLToPath(new URL("make-flights-database.ts", import.meta.url));

/**
 * Makes the database unless it is there and whole: in a process of its own, whose memory goes with it.
 *
 * @throws when it cannot be made.
 */
export async function prepareFlights(): Promise<void> {
  if (isWhole(flightsPath)) return;
  const making = spawn(process.execPath, [maker, flightsPath], { stdio: "inherit" });
  const [code] = (await once(making, "exit")) as [number | null];
  if (code !== 0 || !isWhole(flightsPath)) throw new Error(`${flightsPath} could not be made.`);
}

function isWhole(path: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const row = database.prepare("SELECT count(*) AS count FROM flights").get();
    return row?.["count"] === flightCount;
  } catch {
    return false; // not there, half there, or something else
  } finally {
    database?.close();
  }
}
