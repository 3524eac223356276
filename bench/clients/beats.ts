import { once } from "node:events";
import { connect } from "node:net";

import { answerWith } from "./answer.ts";

// Reads rows that carry the time of their yield, and answers with how long each was on its way, in µs.
answerWith(async ({ port, path }: { port: number; path: string }) => {
  const delays: number[] = [];
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.on("data", (data: Buffer) => {
    const now = process.hrtime.bigint();
    for (const [, time = "0"] of data.toString("latin1").matchAll(/t(\d+)\n/g)) {
      delays.push(Number(now - BigInt(time)) / 1_000);
    }
  });
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  await once(socket, "close");
  return delays;
});
