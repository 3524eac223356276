import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { answerWith } from "./answer.ts";

/** Opened together; a listening socket of Node takes 511 waiting ones. */
const AT_ONCE = 200;

const held: Socket[] = [];

// Opens streams, waits until each has sent something of its body, and keeps them.
answerWith(async ({ port, path, count }: { port: number; path: string; count: number }) => {
  while (held.length < count) {
    const more = Math.min(AT_ONCE, count - held.length);
    held.push(...(await Promise.all(Array.from({ length: more }, () => open(port, path)))));
  }
  return held.length;
});

async function open(port: number, path: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`);
  let seen = "";
  while (!seen.includes("data:")) seen += String((await once(socket, "data"))[0]);
  socket.resume();
  return socket;
}
