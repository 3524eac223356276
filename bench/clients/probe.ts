import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { answerWith } from "./answer.ts";

type Request = { start: { port: number; gap: number } } | { stop: true };

const idle: Socket[] = [];
let times: number[] = [];
let pending = new Set<number>();
let timer: NodeJS.Timeout | undefined;

// Sends a small request every `gap` ms, whether or not the one before was answered, and answers `stop` with the ms
// until the first byte of each. A request that was never answered counts with the time it has waited.
answerWith(async (request: Request) => {
  if ("start" in request) {
    const { port, gap } = request.start;
    times = [];
    pending = new Set();
    timer = setInterval(() => void probe(port), gap);
    return "started";
  }
  clearInterval(timer);
  const now = performance.now();
  const waiting = Array.from(pending, (since) => now - since);
  for (const socket of idle.splice(0)) socket.destroy();
  return [...times, ...waiting];
});

async function probe(port: number): Promise<void> {
  const sentAt = performance.now();
  const mine = pending;
  mine.add(sentAt);
  const socket =
    idle.pop() ??
    connect(port, "127.0.0.1")
      .setNoDelay(true)
      .on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await once(socket, "data");
  if (!mine.delete(sentAt) || mine !== pending) return;
  times.push(performance.now() - sentAt);
  idle.push(socket); // the page fits into one segment
}
