import assert from "node:assert/strict";
import { request } from "node:https";
import { test } from "node:test";

import { makeCertificate } from "../conformance/hosts/certificate.ts";
import { curl } from "../support/curl.ts";
import { missing } from "../support/required.ts";
import { appOf, Workspace } from "./support/workspace.ts";

const hello = appOf("new Response('hello\\n')");

/** Apps as people write them; each answers `/hello`. */
const apps: [title: string, file: string, code: string][] = [
  ["a function in JavaScript", "app.js", hello],
  [
    "a function in TypeScript",
    "app.ts",
    `import { StreamingHttpResponse } from "millrace";
    interface Greeting { readonly text: string }
    const greeting: Greeting = { text: "hello\\n" };
    export default (request: Request): Response => new StreamingHttpResponse([greeting.text]);`,
  ],
  [
    "an object with `fetch`",
    "site.mjs",
    "export default { fetch: () => new Response('hello\\n') };",
  ],
  [
    "a Hono app",
    "hono.ts",
    `import { Hono } from "hono";
    const app = new Hono();
    app.get("/hello", (context) => context.text("hello\\n"));
    export default app;`,
  ],
  [
    "an h3 app",
    "h3.ts",
    `import { H3 } from "h3";
    export default new H3().get("/hello", () => "hello\\n");`,
  ],
  [
    "an app that awaits before it is there",
    "later.ts",
    `import { setTimeout as delay } from "node:timers/promises";
    await delay(100);
    export default () => new Response("hello\\n");`,
  ],
];
for (const [title, file, code] of apps) {
  test(`${title} is served`, async () => {
    using workspace = new Workspace({ [file]: code });
    await using server = await workspace.serve(file, "--log", "off");
    const response = await fetch(`${server.url}/hello`);
    assert.deepEqual([response.status, await response.text()], [200, "hello\n"]);
    assert.equal(server.stdout, `${server.url}\n`);
    assert.equal(server.stderr, "");
  });
}

test("an app without a package.json that says what it is, is served without a word", async () => {
  using workspace = new Workspace({ "app.ts": hello, "package.json": "{}" });
  await using server = await workspace.serve("app.ts", "--log", "off");
  assert.equal((await fetch(server.url)).status, 200);
  assert.equal(server.stderr, "");
});

test("a file in another folder is found, by a relative and by an absolute path", async () => {
  using workspace = new Workspace({ "app.js": hello });
  using elsewhere = new Workspace();
  await using server = await elsewhere.serve(`${workspace.folder}/app.js`);
  assert.equal((await fetch(server.url)).status, 200);
});

test("--host is where it listens", async () => {
  using workspace = new Workspace({ "app.js": hello });
  const flags = ["--port", "0", "--log", "off", "--host", "127.0.0.2"];
  await using server = workspace.run("serve", "app.js", ...flags);
  const [url] = await server.printed(/http:\/\/127\.0\.0\.2:\d+/);
  assert.equal(await (await fetch(url)).text(), "hello\n");
});

test("--http2 adds h2c to the port", async () => {
  using workspace = new Workspace({ "app.js": hello });
  await using server = await workspace.serve("app.js", "--http2", "--log", "off");
  for (const [flag, version] of [
    ["--http2-prior-knowledge", "2"],
    ["--http1.1", "1.1"],
  ] as const) {
    const { stderr } = await curl([flag, "-w", "%{stderr}%{http_version}", server.url]);
    assert.equal(stderr, version);
  }
});

test(
  "--tls-cert and --tls-key make HTTPS, and HTTP/2 with --http2",
  { skip: missing("openssl") },
  async () => {
    const { cert, key } = makeCertificate();
    using workspace = new Workspace({ "app.js": hello, "cert.pem": cert, "key.pem": key });
    const flags = ["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--http2", "--log", "off"];
    await using server = await workspace.serve("app.js", ...flags);
    assert.match(server.url, /^https:/);
    const { code, text, stderr } = await curl([
      ...["--cacert", `${workspace.folder}/cert.pem`, "-w", "%{stderr}%{http_version}"],
      server.url,
    ]);
    assert.deepEqual([code, text, stderr], [0, "hello\n", "2"]);
    const status = await new Promise((resolve, reject) => {
      const options = { rejectUnauthorized: false };
      request(server.url, options, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    assert.equal(status, 200); // Node's client speaks HTTP/1.1
  },
);

test("the flags of limits are limits", async () => {
  const sources = `{
    "/idle": async function* ({ signal }) { yield "begins\\n"; await delay(60_000, 0, { signal }); },
    "/total": async function* ({ signal }) { while (true) { yield "tick\\n"; await delay(20, 0, { signal }); } },
    "/first": async function* ({ signal }) { await delay(60_000, 0, { signal }); },
  }`;
  const app = appOf(`new StreamingHttpResponse((${sources})[url.pathname])`);
  using workspace = new Workspace({ "app.js": app });
  const flags = ["--idle", "300ms", "--total", "0.5s", "--first-chunk", "200"];
  await using server = await workspace.serve("app.js", "--log", "json", ...flags);
  assert.equal((await fetch(`${server.url}/first`)).status, 503);
  for (const path of ["/idle", "/total"]) {
    assert.notEqual((await curl([server.url + path])).code, 0);
    await server.printed(new RegExp(`"url":"${path}".*"outcome":"timed-out"`));
  }
});

test("--help is readable in 80 columns, and names every flag", async () => {
  using workspace = new Workspace();
  const texts: string[] = [];
  for (const args of [["--help"], ["-h"], ["help"], [], ["serve", "--help"], ["serve", "-h"]]) {
    await using program = workspace.run(...args);
    assert.equal(await program.ended(), 0, args.join(" "));
    assert.equal(program.stderr, "");
    texts.push(program.stdout);
  }
  const [text = ""] = texts;
  assert.deepEqual(new Set(texts), new Set([text]));
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  for (const flag of "port host tls-cert tls-key http2 watch log verbose drain".split(" ")) {
    assert.ok(text.includes(`--${flag}`), flag);
  }
});

test("--version prints the version", async () => {
  using workspace = new Workspace();
  await using program = workspace.run("--version");
  assert.equal(await program.ended(), 0);
  assert.match(program.stdout, /^\d+\.\d+\.\d+\n$/);
});
