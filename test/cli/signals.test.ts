import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { get, RawClient } from "../node/support/raw-client.ts";
import { Workspace } from "./support/workspace.ts";

/** Streams "begins", and "ends" at SIGUSR2; it holds a timer of its own open, as apps do. */
const app = `import { StreamingHttpResponse } from "millrace";
import { once } from "node:events";
setInterval(() => {}, 1_000);
export default () => new StreamingHttpResponse(async function* ({ signal }) {
  yield "begins\\n";
  await once(process, "SIGUSR2", { signal });
  yield "ends\\n";
});`;

/** A server with a stream that has begun. */
async function streaming(workspace: Workspace, ...flags: string[]) {
  const server = await workspace.serve("app.js", "--log", "json", ...flags);
  const port = Number(new URL(server.url).port);
  const client = await RawClient.open(port);
  client.write(get("/stream"));
  await client.until("begins");
  return { server, client, port };
}

const windows = process.platform === "win32" && "there are no signals";

describe("a signal", { skip: windows, concurrency: 2 }, () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} lets a stream finish, takes no more connections, and ends with 0`, async () => {
      using workspace = new Workspace({ "app.js": app });
      const { server, client, port } = await streaming(workspace);
      await using _ = server;
      server.kill(signal);
      await server.printed(new RegExp(`${signal}: 1 open, for up to 30 s`));
      await assert.rejects(RawClient.open(port), { code: "ECONNREFUSED" });
      server.kill("SIGUSR2");
      await client.end();
      assert.match(client.text, /ends\n\r\n0\r\n\r\n$/);
      assert.equal(await server.ended(), 0);
      await server.printed(/"url":"\/stream".*"outcome":"complete"/);
    });
  }

  test("ends a server at once that has nothing open", async () => {
    using workspace = new Workspace({ "app.js": app });
    await using server = await workspace.serve("app.js", "--log", "off");
    server.kill("SIGTERM");
    assert.equal(await server.ended(), 0);
    assert.equal(server.stderr, "");
  });

  test("cuts what is not over after --drain, says so, and ends with 0", async () => {
    using workspace = new Workspace({ "app.js": app });
    const { server, client } = await streaming(workspace, "--drain", "300ms");
    await using _ = server;
    server.kill("SIGTERM");
    assert.equal(await server.ended(), 0);
    await client.end();
    assert.ok(!client.text.endsWith("0\r\n\r\n"));
    await server.printed(/"url":"\/stream".*"outcome":"cancelled"/);
  });

  test("--drain 0 waits for nothing", async () => {
    using workspace = new Workspace({ "app.js": app });
    const { server } = await streaming(workspace, "--drain", "0");
    await using _ = server;
    server.kill("SIGTERM");
    assert.equal(await server.ended(), 0);
  });

  test("a second one ends it now", async () => {
    using workspace = new Workspace({ "app.js": app });
    const { server } = await streaming(workspace);
    await using _ = server;
    server.kill("SIGTERM");
    await server.printed(/again to end now/);
    server.kill("SIGTERM");
    assert.equal(await server.ended(), 1);
  });
});
