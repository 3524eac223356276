import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamingHttpResponse } from "millrace";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { eventually } from "../support/eventually.ts";
import { missing } from "../support/required.ts";
import { get, RawClient } from "./support/raw-client.ts";
import { serving } from "./support/serving.ts";

const app = () =>
  new StreamingHttpResponse(async function* ({ signal }) {
    yield "begins\n";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });

for (const name of ["HTTP/1.1", "HTTP/1.1 beside h2c", "HTTPS beside HTTP/2"]) {
  const secure = name.startsWith("HTTPS");
  const skip = secure && missing("openssl");

  test(
    `over ${name}, a connection too many is closed at once, the others go on, and there is room again`,
    { skip },
    async (t) => {
      const server = await serving(t, app, {
        http2: name.includes("beside"),
        tls: secure ? makeCertificate() : undefined,
        limits: { connections: 5 },
      });
      const open = async () => {
        const client = await RawClient.open(server.port, { tls: secure });
        client.write(get("/"));
        return client;
      };
      const clients = await Promise.all(Array.from({ length: 5 }, open));
      await Promise.all(clients.map((client) => client.until("begins")));

      for (let count = 0; count < 10; count++) {
        using excess = await RawClient.open(server.port); // without a handshake: it is closed before
        await excess.end();
        assert.equal(excess.text, "");
      }
      assert.equal(server.streams.length, 5);

      clients.pop()?.[Symbol.dispose]();
      await eventually(() => server.streams.length === 4);
      const another = await eventually(() => open().catch(() => undefined));
      await another.until("begins");
      for (const client of [...clients, another]) {
        assert.equal(client.socket.destroyed, false);
        client[Symbol.dispose]();
      }
    },
  );
}
