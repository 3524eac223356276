import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";

import { StreamingHttpResponse } from "millrace";
import { createRequestListener } from "millrace/node";

import { eventually } from "../support/eventually.ts";

// In a process of its own: where it fails, it may do so by never coming back.
const program = `
  import { StreamingHttpResponse } from "millrace";
  const bytes = new Uint8Array(200_000);
  const onClose = ({ type }) => console.log("outcome", type);
  const reader = new StreamingHttpResponse([bytes], { onClose }).body.getReader();
  await reader.read();
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  try {
    while (!(await reader.read()).done);
    console.log("complete");
  } catch (error) {
    console.log("cut");
  }
`;

test("a buffer that is taken away before it has left fails the stream", async () => {
  const node = ["--conditions=millrace-source", "--input-type=module", "--eval", program];
  const cwd = import.meta.dirname;
  const { stdout } = await promisify(execFile)(process.execPath, node, { cwd, timeout: 10_000 });
  assert.equal(stdout, "outcome failed\ncut\n");
});

/** Sends `parts` fills of one buffer to a client that begins to read when the source is held back; how many bytes were wrong. */
async function sendRefilled(size: number, highWaterMark: number): Promise<number> {
  const parts = Math.ceil(32_000_000 / size); // more than the kernel holds
  let yielded = 0;
  const listener = createRequestListener(() => {
    const buffer = new Uint8Array(size);
    return new StreamingHttpResponse(function* () {
      for (yielded = 0; yielded < parts;) yield buffer.fill(++yielded % 251);
    });
  });
  const server = http.createServer({ highWaterMark }, listener).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on a port
    const [response] = (await once(http.get({ port, host: "127.0.0.1" }), "response")) as [
      http.IncomingMessage,
    ];
    let before = -1;
    await eventually(() => yielded > 0 && before === (before = yielded));
    let [wrong, offset] = [0, 0];
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      for (const byte of chunk) {
        if (byte !== (Math.floor(offset / size) + 1) % 251) wrong += 1;
        offset += 1;
      }
    }
    assert.equal(offset, parts * size);
    return wrong;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

for (const [size, highWaterMark] of [
  [60_000, 65_536],
  [65_536, 65_536],
  [100_000, 65_536],
  [65_536, 1_000_000],
  [200_000, 1_000_000],
] as const) {
  test(`one buffer of ${size} bytes, refilled for each chunk, reaches a slow client through a socket queue of ${highWaterMark}`, async () => {
    assert.equal(await sendRefilled(size, highWaterMark), 0);
  });
}
