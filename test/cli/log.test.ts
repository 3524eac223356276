import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { curl } from "../support/curl.ts";
import { END_HEADERS, END_STREAM, frame, requestBlock } from "../node/support/frames.ts";
import { RawSession } from "../node/support/raw-session.ts";
import { eventually } from "../support/eventually.ts";
import type { Program } from "../support/program.ts";
import { appOf, command, Workspace } from "./support/workspace.ts";

const app = appOf(`({
  "/rows": () => new StreamingHttpResponse(["row 1\\n", "row 2\\n"]),
  "/plain": () => new Response("plain", { status: 201 }),
  "/throws": () => { throw new Error("no such table"); },
  "/breaks": () => new StreamingHttpResponse(async function* () { yield "begins\\n"; await delay(50); throw new Error("cable"); }),
  "/late": () => new StreamingHttpResponse(async function* ({ signal }) { yield "begins\\n"; await delay(60_000, 0, { signal }); }, { limits: { total: 100 } }),
  "/left": () => new StreamingHttpResponse(async function* ({ signal }) { yield "begins\\n"; await delay(60_000, 0, { signal }); }),
})[url.pathname]()`);

/** How to ask, and what the line must say: status, outcome, bytes, chunks, level. */
const asked: [args: string[], path: string, line: object][] = [
  [
    [],
    "/rows?q=1",
    { method: "GET", status: 200, outcome: "complete", bytes: 12, chunks: 2, level: 30 },
  ],
  [
    ["-I"],
    "/rows?head",
    { method: "HEAD", status: 200, outcome: "complete", bytes: 0, chunks: 0, level: 30 },
  ],
  [
    [],
    "/plain",
    { method: "GET", status: 201, outcome: "complete", bytes: 5, chunks: 1, level: 30 },
  ],
  [
    [],
    "/throws",
    { method: "GET", status: 500, outcome: "failed", bytes: 0, chunks: 0, level: 50 },
  ],
  [
    [],
    "/breaks",
    { method: "GET", status: 200, outcome: "failed", bytes: 7, chunks: 1, level: 50 },
  ],
  [
    [],
    "/late",
    { method: "GET", status: 200, outcome: "timed-out", bytes: 7, chunks: 1, level: 40 },
  ],
  [
    ["-m", "0.5"],
    "/left",
    { method: "GET", status: 200, outcome: "cancelled", bytes: 7, chunks: 1, level: 30 },
  ],
];

type Line = Record<string, unknown> & { err?: { message: string; stack: string } };

/** The lines that a server has printed. */
const linesOf = (server: Program): Line[] =>
  server.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

test("--log json prints each response as one line of JSON, with the error where there was one", async () => {
  using workspace = new Workspace({ "app.js": app });
  await using server = await workspace.serve("app.js", "--log", "json");
  for (const [args, path, expected] of asked) {
    await curl([...args, server.url + path]);
    const all = () => linesOf(server).filter(({ url }) => url === path);
    const [line = {}] = await eventually(() => (all().length > 0 ? all() : undefined));
    assert.equal(all().length, 1);
    const keys = Object.keys(expected);
    assert.deepEqual(Object.fromEntries(keys.map((key) => [key, line[key]])), expected, path);
    assert.equal(line["httpVersion"], "1.1");
    assert.ok(!Number.isNaN(Date.parse(String(line["time"]))));
    assert.equal(typeof line["total"], "number");
    assert.equal(typeof line["firstByte"], line["chunks"] === 0 ? "undefined" : "number");
    assert.match(String(line["msg"]), new RegExp(`${String(line["outcome"])}, .*total`));
  }
  const errorOf = (path: string) => linesOf(server).find(({ url }) => url === path)?.err;
  assert.equal(errorOf("/throws")?.message, "no such table");
  assert.match(errorOf("/breaks")?.stack ?? "", /app\.js:/);
  assert.match(errorOf("/late")?.message ?? "", /longer than 100 ms/);
  assert.equal(errorOf("/left"), undefined);
  assert.equal(server.stderr, "");
});

test("--log pretty prints a line for people", async () => {
  using workspace = new Workspace({ "app.js": app });
  await using server = await workspace.serve("app.js", "--log", "pretty");
  await server.printed(/INFO: app\.js is served at http:\/\/localhost:\d+\n/);
  await curl([`${server.url}/rows`]);
  await server.printed(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: GET \/rows 200 complete, 12 B in 2 chunks, first byte \d+ ms, total \d+ ms\n/m,
  );
  await curl([`${server.url}/throws`]);
  await server.printed(/ERROR: GET \/throws 500 failed, 0 B in 0 chunks, total \d+ ms\n/);
  await server.printed(/Error: no such table\n/);
  // oxlint-disable-next-line no-control-regex -- it must not colour what is not a terminal
  assert.doesNotMatch(server.stdout, /\x1b/);
});

test("--log off prints the URL, and errors", async () => {
  using workspace = new Workspace({ "app.js": app });
  await using server = await workspace.serve("app.js", "--log", "off");
  await curl([`${server.url}/rows`]);
  await curl([`${server.url}/throws`]);
  await server.printed(/GET \/throws failed: Error: no such table/);
  assert.equal(server.stdout, `${server.url}\n`);
});

test("without --log, what is not a terminal gets JSON", async () => {
  using workspace = new Workspace({ "app.js": app });
  await using server = await workspace.serve("app.js");
  assert.match(String(linesOf(server)[0]?.["msg"]), /^app\.js is served at http:/);
});

test("a URL cannot steer the terminal that the log is on", async () => {
  using workspace = new Workspace({ "app.js": appOf("new Response('x')") });
  await using server = await workspace.serve("app.js", "--log", "pretty", "--http2");
  // HTTP/2 takes bytes in a path that HTTP/1 refuses; terminals read this one as the start of a command.
  using session = await RawSession.open({ port: Number(new URL(server.url).port) });
  const block = requestBlock("/_31mred");
  block[block.indexOf("_")] = 0x9b;
  session.send(frame("headers", END_STREAM | END_HEADERS, 1, block));
  await server.printed(/GET \/.*red/);
  // oxlint-disable-next-line no-control-regex -- it is about these
  assert.doesNotMatch(server.stdout, /[\0-\x09\x0b-\x1f\x7f-\x9f]/);
});

test("a reader of the log that goes away does not end the server", async () => {
  using workspace = new Workspace({ "app.js": appOf("new Response('hello\\n')") });
  const args = [...command, "serve", "app.js", "--port", "0", "--log", "json"];
  const child = spawn(process.execPath, args, {
    cwd: workspace.folder,
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    const url = /http:\/\/localhost:\d+/.exec(first.toString())?.[0] ?? "";
    child.stdout.destroy(); // as `| head -1` does
    for (let count = 0; count < 5; count++) {
      assert.equal((await curl([url])).text, "hello\n");
    }
    assert.equal(child.exitCode, null);
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});
