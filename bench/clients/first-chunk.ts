import { connect, type Socket } from "node:net";
import { brotliDecompressSync, constants, gunzipSync, zstdDecompressSync } from "node:zlib";

import { answerWith } from "./answer.ts";

interface Request {
  readonly port: number;
  readonly path: string;
  readonly coding?: string | undefined;
  /** Requests, one after the other on one connection. */
  readonly count: number;
}

/** What can be decoded of the beginning of a body. */
const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: (bytes) => zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush }),
};

// Answers with the ms from each request to the first text of its body.
answerWith(async ({ port, path, coding = "identity", count }: Request) => {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  const request = `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: ${coding}\r\n\r\n`;
  const times: number[] = [];
  for (let index = 0; index < count; index++) times.push(await ask(socket, request, coding));
  socket.destroy();
  return times;
});

function ask(socket: Socket, request: string, coding: string): Promise<number> {
  const sentAt = performance.now();
  let seen = Buffer.alloc(0);
  let time: number | undefined;
  return new Promise((resolve) => {
    const onData = (data: Buffer) => {
      seen = Buffer.concat([seen, data]);
      if (time === undefined && firstChunk(seen, coding).length > 0) {
        time = performance.now() - sentAt;
      }
      if (!seen.subarray(-5).equals(last) || time === undefined) return;
      socket.off("data", onData);
      resolve(time);
    };
    socket.on("data", onData);
    socket.write(request);
  });
}

const last = Buffer.from("0\r\n\r\n");

/** The text in the first chunk of a chunked body (RFC 9112 7.1), once all of it is here. */
function firstChunk(seen: Buffer, coding: string): Buffer {
  const none = Buffer.alloc(0);
  const begin = seen.indexOf("\r\n\r\n") + 4;
  const sizeEnd = seen.indexOf("\r\n", begin);
  if (begin < 4 || sizeEnd < 0) return none;
  const size = Number.parseInt(seen.toString("latin1", begin, sizeEnd), 16);
  const chunk = seen.subarray(sizeEnd + 2, sizeEnd + 2 + size);
  return chunk.length < size ? none : (decoders[coding]?.(chunk) ?? none);
}
