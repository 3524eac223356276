import assert from "node:assert/strict";
import { test } from "node:test";

import { appOf, command, Workspace } from "../cli/support/workspace.ts";
import { eventually } from "../support/eventually.ts";
import { Program } from "../support/program.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";

const app = appOf(`
  url.pathname === "/plain" ? new Response("plain") :
  new StreamingHttpResponse(async function* ({ signal }) {
    yield "begins\\n";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  })`);
const windows = process.platform === "win32" && "there is no ulimit";

for (const [title, flags] of [
  ["by default", ""],
  ["without a limit of connections", "--connections off"],
] as const) {
  test(
    `with 64 descriptors for 100 clients, ${title}, the excess is closed and the rest served`,
    { skip: windows },
    async () => {
      using workspace = new Workspace({ "app.js": app });
      const node = [process.execPath, ...command].map((word) => `"${word}"`).join(" ");
      const line = `ulimit -n 64; exec ${node} serve app.js --port 0 --log off ${flags}`;
      await using server = new Program("sh", ["-c", line], { cwd: workspace.folder });
      const port = Number((await server.printed(/localhost:(\d+)/))[1]);

      const clients = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const client = await RawClient.open(port);
          client.write(get("/"));
          return client;
        }),
      );
      const isDecided = (client: RawClient) =>
        client.socket.destroyed || client.text.includes("begins");
      await eventually(() => clients.every(isDecided), { timeout: 15_000, what: "all answers" });
      const served = clients.filter((client) => client.text.includes("begins"));
      assert.ok(served.length >= 10 && served.length < 64, `${served.length} were served`);
      for (const client of clients) {
        assert.equal(client.socket.destroyed, !served.includes(client));
        client[Symbol.dispose]();
      }

      const plain = get("/plain", "Connection: close");
      const recovers = async () => {
        const text = await RawClient.exchange(port, plain).catch(() => "");
        return statusesIn(text)[0] === 200;
      };
      await eventually(recovers, { what: "the next answer" });
      assert.equal(server.stderr, "");
    },
  );
}
