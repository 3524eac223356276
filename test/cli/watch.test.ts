import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { Workspace } from "./support/workspace.ts";

const app = (text: string) => `import { text } from "./part.js";
import { StreamingHttpResponse } from "millrace";
export default (request) => request.url.endsWith("/endless")
  ? new StreamingHttpResponse(async function* () { yield "begins"; await new Promise(() => {}); })
  : new Response("${text} " + text);`;
/** What Node prints when it waits for a change; before that, one may go unseen. */
const waiting = /waiting for file changes/i;
const part = (text: string) => `export const text = "${text}";`;

/** A free port for a server that is started more than once. */
async function freePort(): Promise<string> {
  const { createServer } = await import("node:net");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** That the server answers this text, soon. */
async function answers(url: string, text: string): Promise<void> {
  const ask = () => fetch(url, { headers: { connection: "close" } }).then((r) => r.text());
  const isThere = async () => (await ask().catch(() => "")) === text;
  await eventually(isThere, { timeout: 20_000, what: `the answer "${text}"` });
}

/**
 * Changes a file until the server answers this text: Node hears of what to watch a moment after the server is there, so a
 * test can be too quick for it.
 */
async function change(save: () => void, url: string, text: string): Promise<void> {
  save();
  const timer = setInterval(save, 3_000);
  await answers(url, text).finally(() => clearInterval(timer));
}

/** Ends it as a supervisor does, by a signal to the one process it knows; nothing may be left that listens. */
async function end(program: Program, url: string): Promise<void> {
  program.child.kill("SIGTERM");
  await program.ended();
  await assert.rejects(fetch(url), "something still listens");
}

const windows = process.platform === "win32" && "there are no signals";

describe("--watch", { skip: windows }, () => {
  test("starts again when the app or a part of it changes, also while a stream is open and after a broken edit", async () => {
    using workspace = new Workspace({ "app.js": app("first"), "part.js": part("one") });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await using program = workspace.run("serve", "app.js", "--port", port, "--watch");
    await answers(url, "first one");

    const stream = await fetch(`${url}/endless`);
    await change(() => workspace.write("app.js", app("second")), url, "second one");
    await assert.rejects(stream.text());

    await change(() => workspace.write("part.js", part("two")), url, "second two");

    workspace.write("app.js", "export default (");
    await program.printed(/app\.js could not be loaded: SyntaxError/);
    await program.printed(waiting);
    await change(() => workspace.write("app.js", app("mended")), url, "mended two");

    await end(program, url);
  });

  test("waits for the app to be mended when it is broken from the start", async () => {
    using workspace = new Workspace({ "app.js": "export default (", "part.js": part("one") });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await using program = workspace.run("serve", "app.js", "--port", port, "--watch");
    await program.printed(/app\.js could not be loaded/);
    await program.printed(waiting);
    await change(() => workspace.write("app.js", app("mended")), url, "mended one");
    await end(program, url);
  });

  test("says what is wrong with other flags, and ends", async () => {
    using workspace = new Workspace({ "app.js": app("x"), "part.js": part("y") });
    await using program = workspace.run("serve", "app.js", "--watch", "--port", "eighty");
    assert.equal(await program.ended(), 1);
    assert.match(program.stderr, /^millrace: --port is "eighty"[^\n]*\n$/);
  });
});
