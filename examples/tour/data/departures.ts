import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

import { flightCount, flightsPath } from "./flights-database.ts";

/** A row of the table of flights. */
export interface Departure {
  readonly departure: string;
  readonly from: string;
  readonly to: string;
  readonly late: number;
}

/** Milliseconds from one batch to the next. */
const interval = 500;
/** Departures in a batch. */
const size = 4;

/**
 * Departures, four each half second, for so many batches. They go by the clock: whoever reads, reads the same at the same
 * time.
 */
export async function* departures(
  batches: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Departure[]> {
  const database = new DatabaseSync(flightsPath, { readOnly: true });
  try {
    const flights = database.prepare("SELECT * FROM flights WHERE id > ? LIMIT ?");
    const first = Math.ceil(Date.now() / interval);
    for (let batch = first; batch < first + batches; batch++) {
      await delay(batch * interval - Date.now(), undefined, { signal });
      const rows = flights.all((batch * size) % flightCount, size);
      yield rows as unknown as Departure[]; // the columns of that table
    }
  } finally {
    database.close();
  }
}
