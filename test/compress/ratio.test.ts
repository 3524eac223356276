import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import { withCompression } from "millrace/compress";

import { serving } from "../node/support/serving.ts";
import { getRaw } from "./support/client.ts";
import { codings, decode } from "./support/codings.ts";

const data = resolve(import.meta.dirname, "../../node_modules/vega-datasets/data/movies.json");

for (const coding of codings) {
  describe(`in ${coding}`, () => {
    test("small chunks that resemble those before them become few bytes, though each is flushed", async (t) => {
      const event = (id: number) =>
        `event: price\nid: ${id}\ndata: {"symbol":"MILL","price":${100 + (id % 13)},"volume":${id * 17}}\n\n`;
      const app = withCompression(
        () =>
          new StreamingHttpResponse(
            async function* () {
              for (let id = 0; id < 200; id++) {
                yield event(id);
                await new Promise(setImmediate);
              }
            },
            { contentType: "text/event-stream" },
          ),
      );
      const { body } = await getRaw((await serving(t, app)).url, { "accept-encoding": coding });
      const plain = decode(coding, body);
      assert.ok(body.length < plain.length / 2.5, `${body.length} of ${plain.length} bytes`);
    });

    test("a real file becomes a sixth or less, whether its source is synchronous or not", async (t) => {
      const lines = readFileSync(data, "utf8").split(/(?<=\},)/);
      const sources = {
        "/sync": () => lines,
        async *"/async"() {
          yield* lines;
        },
      };
      const app = withCompression(
        (request: Request) =>
          new StreamingHttpResponse(
            sources[new URL(request.url).pathname as keyof typeof sources],
            {
              contentType: "application/json",
            },
          ),
      );
      const server = await serving(t, app);
      for (const path of Object.keys(sources)) {
        const { body } = await getRaw(server.url + path, { "accept-encoding": coding });
        const plain = decode(coding, body);
        assert.equal(plain.toString(), lines.join(""));
        t.diagnostic(`${path}: ${(plain.length / body.length).toFixed(2)}`);
        assert.ok(body.length < plain.length / 6, `${body.length} of ${plain.length} bytes`);
      }
    });
  });
}
