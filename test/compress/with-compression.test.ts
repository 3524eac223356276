import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";

import express from "express";
import { H3 } from "h3";
import { Hono } from "hono";
import { StreamingHttpResponse } from "millrace";
import { compress, withCompression } from "millrace/compress";
import { sendResponse, serve } from "millrace/node";

import { serving } from "../node/support/serving.ts";
import { bytesOf } from "../response/support/read.ts";
import { getRaw } from "./support/client.ts";
import { decode } from "./support/codings.ts";

const accepting = () =>
  new Request("http://localhost/", { headers: { "accept-encoding": "gzip" } });
const stream = () => new StreamingHttpResponse(["streamed"], { contentType: "text/plain" });

async function decoded(response: Response): Promise<string> {
  assert.equal(response.headers.get("content-encoding"), "gzip");
  return decode("gzip", await bytesOf(response)).toString();
}

describe("withCompression", () => {
  test("goes around a function, and passes on all that its host gives it", async () => {
    const seen: unknown[] = [];
    const app = withCompression((request: Request, env: { region: string }, context: object) => {
      seen.push(request.url, env, context);
      return stream();
    });
    const context = {};
    const response = await app(accepting(), { region: "eu" }, context);
    assert.equal(await decoded(response), "streamed");
    assert.deepEqual(seen, ["http://localhost/", { region: "eu" }, context]);
    assert.equal(seen[2], context);
  });

  test("goes around an object with a fetch method, which stays its method", async () => {
    class App {
      readonly #text = "of the app";
      fetch(_request: Request, suffix: string): Response {
        return new StreamingHttpResponse([this.#text, suffix], { contentType: "text/plain" });
      }
    }
    const app = withCompression(new App());
    assert.equal(await decoded(await app.fetch(accepting(), "!")), "of the app!");
  });

  test("goes around a Hono app, with its bindings", async (t) => {
    const hono = new Hono<{ Bindings: { greeting: string } }>();
    hono.get("/", (c) => (c.env?.greeting ? c.text(c.env.greeting.repeat(500)) : stream()));
    hono.get("/short", (c) => c.text("short"));
    const app = withCompression(hono);
    assert.equal(
      await decoded(await app.fetch(accepting(), { greeting: "Hi " })),
      "Hi ".repeat(500),
    );
    const server = await serving(t, app);
    const { body } = await getRaw(server.url, { "accept-encoding": "gzip" });
    assert.equal(decode("gzip", body).toString(), "streamed");
    assert.equal(
      (await getRaw(`${server.url}/short`, { "accept-encoding": "gzip" })).body.toString(),
      "short",
    );
  });

  test("goes around an h3 app", async (t) => {
    const h3 = new H3().get("/", () => stream());
    const server = await serving(t, withCompression(h3));
    const { body } = await getRaw(server.url, { "accept-encoding": "gzip" });
    assert.equal(decode("gzip", body).toString(), "streamed");
  });

  test("knows a Response whose class somebody has replaced since", async () => {
    const original = globalThis.Response;
    class Replaced extends original {}
    const app = withCompression(stream);
    globalThis.Response = Replaced as typeof Response; // as @hono/node-server does
    try {
      assert.equal(await decoded(await app(accepting())), "streamed");
    } finally {
      globalThis.Response = original;
    }
  });

  test("leaves it to the host to say that an app returned no response, or threw", async () => {
    const codes: unknown[] = [];
    const wrong = withCompression((request: Request) => {
      if (request.url.endsWith("/throws")) throw new Error("the app's own");
      return "text" as never;
    });
    const onError = (error: unknown) =>
      void codes.push((error as { code?: string }).code ?? String(error));
    await using server = await serve(wrong, { port: 0, onError });
    for (const path of ["/", "/throws"]) {
      assert.equal((await getRaw(server.url + path, { "accept-encoding": "gzip" })).status, 500);
    }
    assert.deepEqual(codes, ["APP_RETURNED_NO_RESPONSE", "Error: the app's own"]);
  });
});

test("a view of Express compresses with the request it has", async (t) => {
  const app = express();
  app.get("/", async (req, res) => {
    await sendResponse(res, compress(stream(), req));
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const { headers, body } = await getRaw(`http://127.0.0.1:${port}/`, {
    "accept-encoding": "gzip",
  });
  assert.equal(headers["content-encoding"], "gzip");
  assert.equal(decode("gzip", body).toString(), "streamed");
});
