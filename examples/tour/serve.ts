import { serve, type Server } from "millrace/node";

import { createApp } from "./app.ts";
import { prepareFlights } from "./data/flights-database.ts";

const app = await createApp(() => server);
const server = await start();

console.log(`The tour of Millrace is open at ${server.url} (Ctrl-C closes it).`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.close({ drain: 0 }));
}

async function start(): Promise<Server> {
  try {
    await prepareFlights();
    return await serve(app, {
      port: Number(process.env["PORT"] ?? 8000),
      // Some pages fail on purpose; one line of it is enough here.
      onError: (error, { method, url }) => console.error(`${method} ${url}: ${String(error)}`),
    });
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
