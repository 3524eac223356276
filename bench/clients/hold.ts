import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { answerWith } from "./answer.ts";

/** Opened together; a listening socket of Node takes 511 waiting ones. */
const AT_ONCE = 200;

interface Request {
  readonly port: number;
  readonly path: string;
  /** The coding that each asks for. */
  readonly coding?: string | undefined;
}

const held: Socket[] = [];

// Opens streams, waits until each has sent something of its body, and keeps them.
answerWith(async ({ count, ...request }: Request & { count: number }) => {
  while (held.length < count) {
    const more = Math.min(AT_ONCE, count - held.length);
    held.push(...(await Promise.all(Array.from({ length: more }, () => open(request)))));
  }
  return held.length;
});

async function open({ port, path, coding }: Request): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  const fields = ["host: localhost", "accept: text/event-stream"];
  if (coding !== undefined) fields.push(`accept-encoding: ${coding}`);
  socket.write(`GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
  let seen = "";
  while (!/\r\n\r\n./.test(seen)) seen += String((await once(socket, "data"))[0]);
  socket.resume();
  return socket;
}
