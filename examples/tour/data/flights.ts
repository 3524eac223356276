import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** A departure: minutes late, miles to go, hour of the day. */
export interface Flight {
  readonly delay: number;
  readonly distance: number;
  readonly time: number;
}

const file = new URL("data/flights-200k.json", packageOf("vega-datasets"));

// #region flights
/** Reads 64 KiB at a time and parses what is whole in it. */
export async function* readFlights(signal: AbortSignal): AsyncGenerator<Flight> {
  let rest = "";
  for await (const piece of createReadStream(file, { encoding: "utf8", signal })) {
    const text = rest + piece;
    let from = 0;
    while (true) {
      const start = text.indexOf("{", from);
      const end = text.indexOf("}", start);
      if (start === -1 || end === -1) break;
      from = end + 1;
      yield JSON.parse(text.slice(start, from));
    }
    rest = text.slice(from);
  }
}
// #endregion

/** Size of the file in bytes. */
export async function sizeOfFlights(): Promise<number> {
  return (await stat(file)).size;
}

function packageOf(name: string): URL {
  return new URL("../", import.meta.resolve(name)); // its entry point is one folder down
}
