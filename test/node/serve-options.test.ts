import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

import { serve, type App, type ServeOptions } from "millrace/node";

import { serving } from "./support/serving.ts";

const app: App = () => new Response("hello\n");

test("port 0 takes a free port, and `url` and `port` say which", async (t) => {
  const server = await serving(t, app);
  assert.ok(server.port > 0);
  assert.equal(server.url, `http://localhost:${server.port}`);
  assert.equal(await (await fetch(server.url)).text(), "hello\n");
});

test("an app is a function or an object with `fetch`, which keeps its `this`", async (t) => {
  class Site {
    readonly #text = "from a method";
    fetch = (): Response => new Response(this.#text);
  }
  const object = {
    text: "from an object",
    fetch(): Response {
      return new Response(this.text);
    },
  };
  for (const [given, text] of [
    [new Site(), "from a method"],
    [object, "from an object"],
  ] as const) {
    const server = await serving(t, given);
    assert.equal(await (await fetch(server.url)).text(), text);
  }
});

test("a hostname is listened on, and named in `url`", async (t) => {
  const server = await serving(t, app, { hostname: "127.0.0.2" });
  assert.equal(server.url, `http://127.0.0.2:${server.port}`);
  assert.equal(await (await fetch(server.url)).text(), "hello\n");
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}`));
});

test("every address of the machine is reached at `localhost`", async (t) => {
  const server = await serving(t, app, { hostname: "0.0.0.0" });
  assert.equal(server.url, `http://localhost:${server.port}`);
});

test("`await using` closes the server at the end of the block", async () => {
  let url: string;
  {
    await using server = await serve(app, { port: 0 });
    url = server.url;
    assert.equal((await fetch(url, { headers: { connection: "close" } })).status, 200);
  }
  await assert.rejects(fetch(url));
});

test("what is no app is found at the call", async () => {
  for (const wrong of [undefined, null, "app.ts", {}, { fetch: "…" }, new Response("x")]) {
    await assert.rejects(serve(wrong as unknown as App, { port: 0 }), { code: "APP_INVALID" });
  }
});

/** Starts a server that should not start, and leaves none behind when it does. */
async function started(options: ServeOptions): Promise<void> {
  const server = await serve(app, options);
  await server.close({ drain: 0 });
}

/** Options that cannot be, and what the message must say. */
const mistakes: [title: string, options: object, code: string, message: RegExp][] = [
  ["an unknown option", { prot: 80 }, "OPTION_UNKNOWN", /"prot".*port, hostname/],
  ["an unknown limit", { limits: { idel: 5 } }, "OPTION_UNKNOWN", /"idel".*idle/],
  ["a port beyond the last", { port: 65_536 }, "OPTION_INVALID", /port is 65536/],
  ["a port that is text", { port: "80" }, "OPTION_INVALID", /port is/],
  ["a port below 0", { port: -1 }, "OPTION_INVALID", /port is -1/],
  ["a hostname that is no text", { hostname: 127 }, "OPTION_INVALID", /hostname/],
  ["a limit of 0", { limits: { stalled: 0 } }, "OPTION_INVALID", /limits\.stalled is 0/],
  ["a limit that is text", { limits: { idle: "5s" } }, "OPTION_INVALID", /limits\.idle is 5s/],
  ["a limit too long for a timer", { limits: { total: 2 ** 31 } }, "OPTION_INVALID", /total/],
  ["no connections", { limits: { connections: 0 } }, "OPTION_INVALID", /connections is 0/],
  ["half a header", { limits: { headerCount: 1.5 } }, "OPTION_INVALID", /headerCount is 1.5/],
  ["a grace of 0", { headGrace: 0 }, "OPTION_INVALID", /headGrace is 0/],
  ["a key without a certificate", { tls: { key: "…" } }, "OPTION_INVALID", /cert.*key/],
  ["a certificate that is none", { tls: { cert: "…", key: "…" } }, "OPTION_INVALID", /tls/],
  ["`onError` that is no function", { onError: "log" }, "OPTION_INVALID", /onError/],
  ["`http2` that is no boolean", { http2: "no" }, "OPTION_INVALID", /http2/],
];
for (const [title, options, code, message] of mistakes) {
  test(`${title} is found at the call`, async () => {
    await assert.rejects(started({ port: 0, ...(options as ServeOptions) }), { code, message });
  });
}

test("limits that Node would not take together are taken", async (t) => {
  // Node wants the limit of the head within that of the request, and both in whole milliseconds.
  for (const limits of [{ request: 5_000 }, { requestHead: 1_000.5 }, { keepAlive: 1_000.5 }]) {
    const server = await serving(t, app, { limits });
    assert.equal((await fetch(server.url)).status, 200);
  }
});

test("limits can be switched off", async (t) => {
  const off = { requestHead: false, request: false, keepAlive: false, connections: false } as const;
  const server = await serving(t, app, { limits: off });
  assert.equal((await fetch(server.url)).status, 200);
});

test("a port in use is named", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as { port: number };
  await assert.rejects(started({ port }), {
    code: "LISTEN_FAILED",
    message: `Port ${port} is in use on 127.0.0.1. Choose another port, or stop the program that holds it.`,
  });
  other.close();
});

test("a hostname that is not of this machine is named", async () => {
  await assert.rejects(started({ port: 0, hostname: "203.0.113.1" }), {
    code: "LISTEN_FAILED",
    message: /203\.0\.113\.1 is not an address of this machine/,
  });
});

test("an unknown option of `close` throws and closes nothing", async (t) => {
  const server = await serving(t, app);
  assert.throws(() => server.close({ darin: 5 } as object), { code: "OPTION_UNKNOWN" });
  assert.throws(() => server.close({ drain: -1 }), { code: "OPTION_INVALID" });
  assert.equal((await fetch(server.url)).status, 200);
});
