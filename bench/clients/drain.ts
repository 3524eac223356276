import { once } from "node:events";
import { connect } from "node:net";

import { answerWith } from "./answer.ts";

interface Request {
  readonly port: number;
  readonly path: string;
  readonly coding?: string | undefined;
}

// Reads streams to their end, all at once.
answerWith(async ({ count, ...request }: Request & { count: number }) => {
  await Promise.all(Array.from({ length: count }, () => read(request)));
  return "read";
});

async function read({ port, path, coding = "identity" }: Request): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const fields = `host: localhost\r\naccept-encoding: ${coding}\r\nconnection: close\r\n`;
  socket.write(`GET ${path} HTTP/1.1\r\n${fields}\r\n`);
  socket.resume();
  await once(socket, "close");
}
