import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse, type MillraceError } from "millrace";
import type { StreamStart } from "millrace/node";

import { curl } from "../support/curl.ts";
import { openSession, readAll, ask } from "./support/http2-client.ts";
import { get, RawClient, statusesIn } from "./support/raw-client.ts";
import { endOf, ended, started } from "./support/responses.ts";
import { pathOf, serving } from "./support/serving.ts";

const secret = "the password is swordfish";
const once = new StreamingHttpResponse(["only once"]);
const plainOnce = new Response("only once");

/** Apps that fail before there is anything to send; each gives a 500 of ours. */
const failing: Record<string, () => unknown> = {
  "/throws": () => {
    throw new Error(secret);
  },
  "/rejects": () => Promise.reject(new Error(secret)),
  "/throws-nothing": () => Promise.reject(undefined as unknown as Error),
  "/returns-nothing": () => undefined,
  "/returns-text": () => secret,
  "/returns-an-error": () => Response.error(),
  "/source-throws": () =>
    new StreamingHttpResponse(
      async function* () {
        throw new Error(secret);
      },
      { headers: { "content-disposition": "attachment", etag: '"1"' }, contentType: "text/csv" },
    ),
  "/source-yields-a-number": () => new StreamingHttpResponse([1 as unknown as string]),
  "/body-errors": () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.error(new Error(secret)),
      }),
    ),
  "/body-was-read": async () => {
    const response = new Response(secret);
    await response.text();
    return response;
  },
  "/fewer-bytes": () => new StreamingHttpResponse(["abc"], { headers: { "content-length": "4" } }),
  "/more-bytes": () => new StreamingHttpResponse(["abcd"], { headers: { "content-length": "3" } }),
  "/length-is-no-number": () => new Response("abc", { headers: { "content-length": "many" } }),
};
const failingApp = (request: Request): Response => failing[pathOf(request)]?.() as Response;

for (const path of Object.keys(failing)) {
  test(`${path.slice(1).replaceAll("-", " ")}: a 500 without the text, and the connection lives on`, async (t) => {
    const seen: [error: unknown, stream: StreamStart][] = [];
    const onError = (error: unknown, stream: StreamStart) => void seen.push([error, stream]);
    const server = await serving(t, failingApp, { http2: true, onError });
    const [first, second] = [get(`${path}?1.1`), get(`${path}?1.1`, "Connection: close")];
    const text = await RawClient.exchange(server.port, first + second);
    assert.deepEqual(statusesIn(text), [500, 500], text);
    assert.match(text, /\r\n\r\nInternal Server Error\nHTTP/);
    assert.doesNotMatch(text, /swordfish|attachment|etag|csv|many/i);

    using session = await openSession(server);
    for (let count = 0; count < 2; count++) {
      const answer = await readAll(ask(session, { ":path": `${path}?2.0` }));
      assert.deepEqual(
        [answer.status, answer.text, answer.code],
        [500, "Internal Server Error\n", 0],
      );
    }

    for (const version of ["1.1", "2.0"]) {
      const url = `${path}?${version}`;
      const own = ended.filter((end) => end.url === url);
      const failures = own.map(({ status, outcome }) => [status, outcome.type]);
      assert.deepEqual(failures, [
        [500, "failed"],
        [500, "failed"],
      ]);
      assert.equal(started.filter((start) => start.url === url).length, 2);
      assert.deepEqual(
        seen.filter(([, stream]) => stream.url === url).map(([error]) => error),
        own.map(({ outcome }) => outcome.error),
      );
    }
  });
}

test("a response that is returned for a second request is sent once, then it is a 500 that says SOURCE_USED", async (t) => {
  const server = await serving(t, (request) => (pathOf(request) === "/plain" ? plainOnce : once));
  for (const path of ["/once", "/plain"]) {
    assert.equal(await (await fetch(server.url + path)).text(), "only once");
    assert.equal((await fetch(`${server.url}${path}?again`)).status, 500);
    const { outcome } = await endOf(`${path}?again`);
    assert.equal((outcome.error as MillraceError).code, "SOURCE_USED");
  }
});

test("a failed response prints its error when there is no `onError`", async (t) => {
  const printed = t.mock.method(console, "error", () => {});
  const server = await serving(t, failingApp, { onError: undefined });
  await fetch(`${server.url}/throws?printed`);
  const [text, error] = printed.mock.calls[0]?.arguments ?? [];
  assert.equal(text, "GET /throws?printed failed:");
  assert.match(String(error), /swordfish/);
});

test("an `onError` that throws ends neither the response nor the server", async (t) => {
  const onError = () => {
    throw new Error("in onError");
  };
  const unhandled = t.mock.fn();
  process.once("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));
  const server = await serving(t, failingApp, { onError });
  for (const path of ["/throws", "/source-throws"]) {
    assert.equal((await fetch(server.url + path)).status, 500);
  }
  await delay(10);
  assert.equal(unhandled.mock.callCount(), 0);
});

/** Sources that fail after their head has left; `waits` until it has. */
const cut: Record<string, () => Response> = {
  "/fewer": () => lengthOf(10, async () => {}),
  "/fewer-later": () => lengthOf(10, () => delay(20)),
  "/more-later": () => lengthOf(2, () => delay(20)),
  "/body-errors-later": () => {
    let pulls = 0;
    return new Response(
      new ReadableStream({
        async pull(controller) {
          if (pulls++ === 0) controller.enqueue(new TextEncoder().encode("a"));
          else controller.error(await delay(20, new Error(secret)));
        },
      }),
    );
  },
};

/** "a", a wait, "bc", with a Content-Length of `length`. */
function lengthOf(length: number, wait: () => Promise<void>): Response {
  const source = async function* () {
    yield "a";
    await wait();
    await new Promise(setImmediate);
    yield "bc";
  };
  return new StreamingHttpResponse(source, { headers: { "content-length": String(length) } });
}

for (const path of Object.keys(cut)) {
  test(`${path.slice(1).replaceAll("-", " ")}: seen by the client as cut, never as complete`, async (t) => {
    const server = await serving(t, (request) => cut[pathOf(request)]?.() as Response, {
      http2: true,
    });
    for (const [args, codes] of [
      [["--http1.1"], [18, 56]],
      [["--http1.0"], [18, 56]],
      [["--http2-prior-knowledge"], [92]],
    ] as const) {
      const url = `${path}?${args[0]}`;
      const { code, text } = await curl([...args, server.url + url]);
      assert.ok((codes as readonly number[]).includes(code), `${args[0]}: curl ${code}`);
      assert.match(text, /^a?$/);
      const { outcome } = await endOf(url);
      assert.equal(outcome.type, "failed");
      if (path !== "/body-errors-later") {
        assert.equal((outcome.error as MillraceError).code, "LENGTH_MISMATCH");
      }
    }
  });
}

test("the head leaves after the grace, before there is a chunk", async (t) => {
  const { promise: first, resolve: yieldFirst } = Promise.withResolvers<void>();
  const app = () =>
    new StreamingHttpResponse(async function* () {
      await first;
      yield "late";
    });
  const server = await serving(t, app, { headGrace: 50, http2: true });
  using session = await openSession(server);
  const stream = ask(session, { ":path": "/" });
  const answer = readAll(stream);
  const head = new Promise((resolve) => stream.once("response", resolve));
  const response = await fetch(server.url); // it resolves with the head
  await head;
  yieldFirst();
  assert.equal(await response.text(), "late");
  assert.equal((await answer).text, "late");
});

test("an error within the grace is a real 500, after the grace it is a cut", async (t) => {
  const app = (request: Request) =>
    new StreamingHttpResponse(async function* () {
      if (pathOf(request) === "/late") await delay(400);
      throw new Error(secret);
    });
  const server = await serving(t, app, { headGrace: 100 });
  assert.equal((await fetch(`${server.url}/early`)).status, 500);
  const late = await fetch(`${server.url}/late`);
  assert.equal(late.status, 200);
  await assert.rejects(late.text());
});

test("`headGrace: false` holds the head back until there is a chunk or an error", async (t) => {
  const app = () =>
    new StreamingHttpResponse(async function* () {
      await delay(1_300); // longer than the default grace
      throw new Error(secret);
    });
  const server = await serving(t, app, { headGrace: false });
  assert.equal((await fetch(server.url)).status, 500);
});

test("a limit that passes before the head is a 503", async (t) => {
  const app = () =>
    new StreamingHttpResponse(async function* ({ signal }) {
      await delay(60_000, undefined, { signal });
      yield "never";
    });
  const server = await serving(t, app, { limits: { firstChunk: 100 } });
  const response = await fetch(server.url);
  assert.equal(response.status, 503);
  assert.equal(await response.text(), "Service Unavailable\n");
});
