import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { curl } from "../support/curl.ts";
import { Program } from "../support/program.ts";

const root = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** The Node that runs this test comes first, since the one of the machine may be older. */
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
};

describe("the package as it is published", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-packed-"));
  const project = join(folder, "project");
  let files: string[] = [];

  before(async () => {
    // Packed from a copy, so that a build in the repository is neither needed nor touched.
    const copy = join(folder, "copy");
    mkdirSync(copy);
    for (const name of [
      "src",
      "package.json",
      "tsconfig.json",
      "tsconfig.build.json",
      "README.md",
      "LICENSE",
    ]) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const pack = ["pack", "--json", "--pack-destination", folder];
    const { stdout } = await run("npm", pack, { cwd: copy, env });
    const json = stdout.slice(stdout.search(/^\[/m)); // the build may print before
    const [packed] = JSON.parse(json) as [{ filename: string; files: { path: string }[] }];
    files = packed.files.map(({ path }) => path);

    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "private": true }');
    const install = ["install", "--no-audit", "--no-fund", "--prefer-offline"];
    await run("npm", [...install, join(folder, packed.filename)], { cwd: project, env });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("holds what users need, and no tests", () => {
    for (const path of [
      "README.md",
      "LICENSE",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli/main.js",
    ]) {
      assert.ok(files.includes(path), path);
    }
    assert.deepEqual(
      files.filter((path) => /test|bench|example|\.env|tsbuildinfo/.test(path)),
      [],
    );
    assert.match(readFileSync(`${project}/node_modules/millrace/dist/cli/main.js`, "utf8"), /^#!/);
    for (const path of globSync("dist/**/*.map", { cwd: `${project}/node_modules/millrace` })) {
      const file = `${project}/node_modules/millrace/${path}`;
      const { sources } = JSON.parse(readFileSync(file, "utf8")) as { sources: string[] };
      for (const source of sources) {
        assert.ok(globSync(resolve(dirname(file), source)).length > 0, `${path}: ${source}`);
      }
    }
  });

  test("serves an app with `npx millrace serve app.ts`, streams it, and ends on a signal", async () => {
    const app = `import { StreamingHttpResponse } from "millrace";
import { setTimeout as delay } from "node:timers/promises";

export default {
  fetch: () =>
    new StreamingHttpResponse(async function* ({ signal }) {
      for (let i: number = 0; i < 3; i++) {
        await delay(50, undefined, { signal });
        yield \`Chunk: \${i}\\n\`;
      }
    }),
};
`;
    writeFileSync(join(project, "app.ts"), app);
    const args = ["millrace", "serve", "app.ts", "--port", "0", "--log", "json"];
    await using server = new Program("npx", args, { cwd: project, env, group: true });
    const [url] = await server.printed(/http:\/\/localhost:\d+/);
    const { code, text } = await curl([url]);
    assert.deepEqual([code, text], [0, "Chunk: 0\nChunk: 1\nChunk: 2\n"]);
    await server.printed(/"outcome":"complete"/);
    server.kill("SIGINT"); // Ctrl-C; a signal to npx alone would not get through its shell
    await server.ended();
    await assert.rejects(fetch(url), "the server outlived npx");
  });

  test("is imported by its public names, with types, and by no other", async () => {
    const program = `import { StreamingHttpResponse } from "millrace";
import { serve } from "millrace/node";
await using server = await serve(() => new StreamingHttpResponse(["works"]), { port: 0 });
console.log(await (await fetch(server.url, { headers: { connection: "close" } })).text());
await import("millrace/dist/node/serve.js").catch((error) => console.log(error.code));
`;
    writeFileSync(join(project, "program.mjs"), program);
    const { stdout } = await run(process.execPath, ["program.mjs"], { cwd: project, env });
    assert.equal(stdout, "works\nERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });
});
