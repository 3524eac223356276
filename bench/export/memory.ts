import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import { drop, fixedNursery, startServer, type ServerProcess } from "../support/process.ts";
import { table } from "../support/results.ts";

/** What the server holds after a garbage collection, and what the system has given it, in KiB. */
interface Held {
  /** JavaScript heap and buffers. */
  readonly used: number;
  readonly resident: number;
  /** Rows that were made so far. */
  readonly rows: number;
}

const BYTES_PER_ROW = 145;
const POINTS = 10;
const STALLED = 20;

export async function memoryFigure(quick: boolean): Promise<string> {
  const gigabytes = quick ? 0.5 : 5;
  const rows = Math.round((gigabytes * 1e9) / BYTES_PER_ROW);
  const server = await startServer("../export/servers/millrace", fixedNursery);
  try {
    await pointsOf(server, 4_000_000); // also: code that is not used any more is dropped after some collections
    const before = await heldBy(server);
    const points = await pointsOf(server, rows);
    const after = await heldBy(server);
    const perReader = (await whileStalled(server, rows)) / STALLED;
    const cells = ({ used, resident }: Held) => [
      (used - before.used).toFixed(0),
      ((resident - before.resident) / 1024).toFixed(1),
    ];
    return [
      "## Memory of a large export",
      "",
      `${rows.toLocaleString("en")} rows, ${gigabytes} GB of CSV with its SHA-256, to a curl that drops them. What the server process holds above what it held`,
      "before, after a garbage collection each time: heap and buffers together, and resident memory (V8's nursery is held at 16 MB).",
      "",
      table(
        ["", "heap and buffers, KiB", "resident, MiB"],
        [
          ...points.map((held, index) => [
            `after ${((index + 1) / POINTS) * 100} %`,
            ...cells(held),
          ]),
          ["afterwards", ...cells(after)],
        ],
      ),
      "",
      `${STALLED} readers of such exports that take the head and then nothing more, when the server has ceased to make rows: ${perReader.toFixed(0)} KiB of heap and`,
      "buffers for each, sockets included. (Two chunks are 128 KiB.)",
    ].join("\n");
  } finally {
    await server.stop();
  }
}

/** What is held when each tenth of an export has been made. */
async function pointsOf(server: ServerProcess, rows: number): Promise<Held[]> {
  const before = await heldBy(server);
  const download = drop(server.url(`/csv/counted?n=${rows}&digest`));
  const points: Held[] = [];
  while (points.length < POINTS - 1) {
    const now = await heldBy(server);
    const share = (now.rows - before.rows) / rows;
    if (share * POINTS >= points.length + 1) points.push(now);
    else await delay(500); // each question leaves something of its own behind for a while
  }
  await download;
  return points;
}

/** What stalled readers make the server hold, in KiB. */
async function whileStalled(server: ServerProcess, rows: number): Promise<number> {
  const before = await heldBy(server);
  const requests = Array.from({ length: STALLED }, () =>
    get(server.url(`/csv/counted?n=${rows}&digest`), { agent: false }),
  );
  for (const request of requests) {
    const [response] = (await once(request, "response")) as [IncomingMessage]; // it has one argument
    response.on("error", () => {}).pause();
  }
  let now = await heldBy(server);
  for (let made = -1; made !== now.rows; now = await heldBy(server)) {
    made = now.rows;
    await delay(1_000);
  }
  for (const request of requests) request.destroy();
  return now.used - before.used;
}

async function heldBy(server: ServerProcess): Promise<Held> {
  const response = await fetch(server.url("/held"), { headers: { connection: "close" } });
  return (await response.json()) as Held; // the server is in this folder
}
