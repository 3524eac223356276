import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { curl } from "../support/curl.ts";
import { runProgram, startProgram, type Program } from "../support/start-program.ts";
import { runtime } from "../support/runtime.ts";

const require = createRequire(import.meta.url);
const printedUrl = /http:\/\/\S+:(\d+)/;

const bun = runtime("bun");
const deno = runtime("deno");
const workerd = runtime("workerd");

describe("the Bun example", { skip: bun.skip }, () => {
  answers(() =>
    startProgram(bun.path, ["--conditions=millrace-source", "server.ts"], {
      cwd: folder("bun"),
      env: { PORT: "0" },
      port: printedUrl,
    }),
  );
});

describe("the Deno example", { skip: deno.skip }, () => {
  const options = ["--no-lock", "--conditions=millrace-source", "--host=127.0.0.1", "--port=0"];
  answers(() =>
    startProgram(deno.path, ["serve", ...options, "server.ts"], {
      cwd: folder("deno"),
      env: { DENO_NO_UPDATE_CHECK: "1" },
      port: printedUrl,
    }),
  );
});

describe("the workerd example", { skip: workerd.skip }, () => {
  const cwd = folder("workerd");
  answers(async () => {
    const rolldown = require
      .resolve("rolldown/package.json")
      .replace("package.json", "bin/cli.mjs");
    await runProgram(process.execPath, [rolldown, "-c", "rolldown.config.ts"], { cwd });
    const options = ["--control-fd=1", "--socket-addr=http=127.0.0.1:0"];
    return startProgram(workerd.path, ["serve", ...options, "config.capnp"], {
      cwd,
      port: /"port":(\d+)/,
    });
  });
});

describe("the Next.js example", () => {
  const cwd = folder("nextjs");
  const env = { NEXT_TELEMETRY_DISABLED: "1" };
  const next = require.resolve("next/dist/bin/next");
  // Next.js writes it for editors; its types would reach into those of the whole repository.
  after(() => rm(join(cwd, "next-env.d.ts"), { force: true }));
  const url = answers(async () => {
    await runProgram(process.execPath, [next, "build"], { cwd, env });
    const options = ["--hostname=127.0.0.1", "--port=0"];
    return startProgram(process.execPath, [next, "start", ...options], {
      cwd,
      env,
      port: printedUrl,
    });
  });

  test("a build leaves the config as it is", async () => {
    const config = await readFile(join(cwd, "tsconfig.json"), "utf8");
    assert.match(config, /"include": \["\*\*\/\*\.ts"\]/); // `next build` adds to it if it can
  });

  test("gzip does not hold events back", async () => {
    const { text } = await curl(["--compressed", "-m", "1.5", `${url()}/events`]);
    assert.match(text, /^(data: \S+\n\n){1,2}$/);
  });
});

function folder(name: string): string {
  return join(import.meta.dirname, "../../examples", name);
}

/** The tests that every example passes. */
function answers(start: () => Promise<Program>): () => string {
  let program: Program;
  before(async () => {
    program = await start();
  });
  after(() => program?.close());

  test("a text arrives line by line", async () => {
    const { code, text } = await curl(["-m", "1.2", `${program.url}/stream`]);
    assert.equal(code, 28); // all of it takes two seconds and a half
    assert.match(text, /^Line 1\n(Line [234]\n)*$/);
  });
  test("an export is complete", async () => {
    const { code, text } = await curl(["-D", "-", `${program.url}/export`]);
    assert.equal(code, 0);
    assert.match(text, /content-disposition: attachment; filename="orders.csv"\r\n/i);
    assert.equal(text.slice(text.indexOf("\r\n\r\n") + 4).split("\r\n").length, 100_002);
    assert.match(text, /\r\n100000,300\.00\r\n$/);
  });
  test("events arrive one by one", async () => {
    const { code, text } = await curl(["-m", "1.5", `${program.url}/events`]);
    assert.equal(code, 28);
    assert.match(text, /^(data: \S+\n\n){1,2}$/);
  });
  test("HEAD is answered", async () => {
    const { code, text } = await curl(["-I", `${program.url}/events`]);
    assert.equal(code, 0);
    assert.match(text, /^HTTP\/1.1 200[^]*content-type: text\/event-stream/i);
  });
  return () => program.url;
}
