import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { curl } from "../support/curl.ts";
import { startProgram, type Program } from "../support/start-program.ts";

const folder = join(import.meta.dirname, "../../examples/frameworks");
const printedPort = /(?:http:\/\/\S+:|port: )(\d+)/;

describe("examples/frameworks", { concurrency: 3 }, () => {
  for (const name of ["express", "fastify", "h3", "hono", "koa", "node-http"]) {
    describe(`${name}.ts`, { concurrency: true }, () => {
      let program: Program;
      before(async () => {
        const args = ["--conditions=millrace-source", join(folder, `${name}.ts`)];
        program = await startProgram(process.execPath, args, {
          env: { PORT: "0" },
          port: printedPort,
        });
      });
      after(() => program?.close());

      test("streams a text line by line", async () => {
        const reader = spawn("curl", ["-sSN", `${program.url}/stream`]);
        const arrivals: string[] = [];
        reader.stdout.on("data", (bytes: Buffer) => arrivals.push(bytes.toString()));
        const [code] = (await once(reader, "close")) as [number];
        assert.equal(code, 0);
        assert.equal(arrivals.join(""), "Line 1\nLine 2\nLine 3\nLine 4\nLine 5\n");
        assert.ok(arrivals.length > 1, "the lines came all at once");
      });

      test("exports a complete CSV file", async () => {
        const { code, text } = await curl(["-D", "-", `${program.url}/export`]);
        const [head = "", body = ""] = text.split("\r\n\r\n");
        assert.equal(code, 0);
        assert.match(head, /^content-type: text\/csv; charset=utf-8$/im);
        assert.match(head, /^content-disposition: attachment; filename="orders\.csv"$/im);
        assert.equal(body.split("\r\n").length, 100_002); // a header, and the end of the last line
        assert.ok(body.endsWith("\r\n100000,300.00\r\n"));
      });

      test("answers HEAD at once", async () => {
        const { code, text } = await curl(["-I", `${program.url}/stream`]);
        assert.equal(code, 0);
        assert.match(text, /^HTTP\/1\.1 200 /);
      });

      test("answers what it has no route for with 404", async () => {
        const { text } = await curl([
          "-o",
          "/dev/null",
          "-w",
          "%{http_code}",
          `${program.url}/none`,
        ]);
        assert.equal(text, "404");
      });
    });
  }
});
