import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";

import { StreamingHttpResponse } from "millrace";
import { serve, type Server } from "millrace/node";

const outcomes: string[] = [];

function view(request: Request): Response {
  const { pathname } = new URL(request.url);
  let chunks = 0;
  return new StreamingHttpResponse(
    async function* () {
      for (; chunks < 3; chunks++) yield `${chunks}\n`;
      if (pathname === "/fails") throw new Error("in the middle");
    },
    {
      contentType: "text/plain; charset=utf-8",
      headers: pathname === "/measured" ? { "content-length": "6" } : {},
      trailers: {
        "x-chunks": () => String(chunks),
        "x-late": () => {
          if (pathname === "/throws") throw new Error("no value");
          return "é is not sent as it is".replace("é", "e");
        },
      },
      onClose: ({ type }) => outcomes.push(type),
    },
  );
}

describe("trailers", () => {
  let server: Server;
  before(async () => {
    server = await serve(view, { port: 0, http2: true, onError() {} });
  });
  after(() => server.close({ drain: 0 }));

  async function ask(path: string): Promise<{ response: IncomingMessage; body: string }> {
    const [response] = (await once(get(`${server.url}${path}`), "response")) as [IncomingMessage];
    return { response, body: await text(response) };
  }

  test("follow a chunked HTTP/1.1 body, announced in its head", async () => {
    const { response, body } = await ask("/");
    assert.equal(body, "0\n1\n2\n");
    assert.equal(response.headers["trailer"], "x-chunks, x-late");
    assert.deepEqual(response.trailers, { "x-chunks": "3", "x-late": "e is not sent as it is" });
  });

  test("follow an HTTP/2 body", async () => {
    const session = connectHttp2(server.url);
    const stream = session.request({ ":path": "/" });
    const trailers = once(stream, "trailers");
    assert.equal(await text(stream), "0\n1\n2\n");
    const [fields] = (await trailers) as [Record<string, string>];
    assert.equal(fields["x-chunks"], "3");
    session.close();
  });

  test("are left out where a Content-Length says where the body ends", async () => {
    const { response, body } = await ask("/measured");
    assert.equal(body, "0\n1\n2\n");
    assert.equal(response.headers["trailer"], undefined);
    assert.deepEqual(response.trailers, {});
  });

  test("are left out on HTTP/1.0", async () => {
    const socket = connect(Number(new URL(server.url).port), "localhost");
    socket.end("GET / HTTP/1.0\r\n\r\n");
    const answer = await text(socket);
    assert.match(answer, /\r\n\r\n0\n1\n2\n$/);
    assert.doesNotMatch(answer, /x-chunks/i);
  });

  test("of a stream that failed are not sent", async () => {
    const [response] = (await once(get(`${server.url}/fails`), "response")) as [IncomingMessage];
    await assert.rejects(text(response));
    assert.deepEqual(response.trailers, {});
  });

  test("that throw fail the stream, with a plain 500 if nothing has left", async () => {
    outcomes.length = 0;
    const { response } = await ask("/throws");
    assert.equal(response.statusCode, 500);
    assert.deepEqual(response.trailers, {});
    assert.deepEqual(outcomes, ["failed"]);
  });

  test("of a name that may not come late are a mistake at the call", () => {
    for (const trailers of [
      { "content-length": () => "1" },
      { "a b": () => "" },
      { x: "no" as never },
    ]) {
      assert.throws(() => new StreamingHttpResponse([], { trailers }), { code: "OPTION_INVALID" });
    }
  });
});
