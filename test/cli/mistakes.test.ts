import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";

import { Workspace } from "./support/workspace.ts";

const files = {
  "app.js": "export default () => new Response('hello');",
  "throws.js": "const settings = undefined;\n\nsettings.port.toString();\nexport default () => {};",
  "throws-text.js": "throw 'no database';",
  "syntax.js": "export default () => {\n",
  "syntax.ts": "export default (a: string => a;\n",
  "enum.ts": "enum Colour { Red }\nexport default () => Colour.Red;",
  "imports.js": "import './not-there.js';\nexport default () => {};",
  "package.js": "import 'not-a-package-of-anybody';\nexport default () => {};",
  "named.js": "export const app = () => new Response('hello');",
  "number.js": "export default 42;",
  "null.js": "export default null;",
  "not.pem": "not a certificate",
};

/** Arguments after `millrace`, and what the one line must say. */
const mistakes: [args: string, message: RegExp][] = [
  ["srve app.js", /no command "srve".*--help/],
  ["serve", /Which app/],
  ["serve app.js more.js", /One app at a time/],
  ["serve missing.ts", /missing\.ts is not there/],
  ["serve .", /\. is not there, or no file/],
  ["serve throws.js", /throws\.js could not be loaded: TypeError: .*\(line 3\)/],
  ["serve throws-text.js", /throws-text\.js could not be loaded: no database/],
  ["serve syntax.js", /syntax\.js could not be loaded: SyntaxError/],
  ["serve syntax.ts", /syntax\.ts could not be loaded: SyntaxError/],
  ["serve enum.ts", /enum\.ts could not be loaded: .*enum/],
  ["serve imports.js", /imports\.js could not be loaded: .*not-there\.js/],
  ["serve package.js", /package\.js could not be loaded: .*not-a-package-of-anybody/],
  ["serve named.js", /named\.js has no default export \(it exports app\)\. Export the app/],
  ["serve number.js", /number\.js exports a value of type number by default/],
  ["serve null.js", /null\.js exports null by default/],
  ["serve app.js --prot 80", /Unknown option '--prot'.*--help/],
  ["serve app.js -x", /Unknown option '-x'/],
  ["serve app.js --http2=yes", /--http2/],
  ["serve app.js --port", /--port/],
  ["serve app.js --port eighty", /--port is "eighty"; it takes a whole number/],
  ["serve app.js --port -1", /--port/],
  ["serve app.js --port 99999", /port is 99999; it takes 0 to 65535/],
  ["serve app.js --idle soon", /--idle is "soon"; it takes a time like/],
  ["serve app.js --idle 5d", /--idle is "5d"/],
  ["serve app.js --idle 0", /idle.* is 0/],
  ["serve app.js --idle 1000h", /idle.* is/],
  ["serve app.js --drain 1000h", /drain.* is/],
  ["serve app.js --connections many", /--connections is "many"/],
  ["serve app.js --connections 0", /connections is 0/],
  ["serve app.js --log xml", /--log is "xml"; it takes pretty, json or off/],
  ["serve app.js --log=xml", /--log is "xml"; it takes pretty, json or off/],
  ["serve app.js --host 203.0.113.1", /203\.0\.113\.1 is not an address of this machine/],
  ["serve app.js --tls-cert not.pem", /--tls-cert and --tls-key go together/],
  ["serve app.js --tls-cert gone.pem --tls-key gone.pem", /--tls-cert: gone\.pem cannot be read/],
  ["serve app.js --tls-cert not.pem --tls-key not.pem", /certificate|PEM/i],
];

describe("a mistake is one line on stderr and exit code 1", { concurrency: 2 }, () => {
  for (const [args, message] of mistakes) {
    test(`millrace ${args}`, async () => {
      using workspace = new Workspace(files);
      const free = args.includes("--port") ? [] : ["--port", "0"];
      const given = args.split(" ");
      await using program = workspace.run(...given, ...(given.length > 1 ? free : []));
      const code = await program.ended();
      assert.match(program.stderr, message);
      assert.deepEqual(program.stderr.trimEnd().split("\n").length, 1, program.stderr);
      assert.equal(program.stdout, "");
      assert.equal(code, 1);
    });
  }

  test("a port in use", async () => {
    using workspace = new Workspace(files);
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    await using program = workspace.run("serve", "app.js", "--port", String(port));
    assert.equal(await program.ended(), 1);
    other.close();
    assert.match(program.stderr, new RegExp(`^millrace: Port ${port} is in use[^\n]*\n$`));
  });
});

test("--verbose prints the whole stack, and the cause", async () => {
  using workspace = new Workspace(files);
  await using program = workspace.run("serve", "throws.js", "--verbose");
  assert.equal(await program.ended(), 1);
  assert.match(program.stderr, /throws\.js:3/);
  assert.match(program.stderr, /\n {4}at /);
});
