import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  MillraceError,
  StreamingHttpResponse,
  type Source,
  type StreamingHttpResponseInit,
} from "millrace";

import { watchOutcome } from "./support/watch.ts";

/** Whether making it throws; runtimes differ in what they let pass. */
function refused(make: () => Response): boolean {
  try {
    make();
    return false;
  } catch {
    return true;
  }
}

describe("a StreamingHttpResponse", () => {
  test("is a Response: 200, HTML, and headers that keep proxies and browsers from interfering", () => {
    const response = new StreamingHttpResponse([]);
    assert.ok(response instanceof Response);
    assert.deepEqual([response.status, response.ok, response.statusText], [200, true, ""]);
    assert.deepEqual(Object.fromEntries(response.headers), {
      "content-type": "text/html; charset=utf-8",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    assert.ok(response.body instanceof ReadableStream);
    assert.equal(response.bodyUsed, false);
  });

  test("takes what a Response takes", () => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["x-accel-buffering", "yes"],
      ["X-Content-Type-Options", "sniff"],
    ]);
    const response = new StreamingHttpResponse([], { status: 206, statusText: "Some", headers });
    assert.deepEqual([response.status, response.statusText], [206, "Some"]);
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(response.headers.get("x-accel-buffering"), "yes", "yours stays");
    assert.equal(response.headers.get("x-content-type-options"), "sniff");
  });

  test("takes headers as an object, as pairs and as Headers, and does not change them", () => {
    const pairs: [string, string][] = [["x-row", "1"]];
    const given = new Headers(pairs);
    for (const headers of [Object.fromEntries(pairs), pairs, given]) {
      assert.equal(new StreamingHttpResponse([], { headers }).headers.get("x-row"), "1");
    }
    assert.deepEqual([...given], pairs);
  });

  test("has headers that can be changed until it is sent", () => {
    const response = new StreamingHttpResponse([]);
    response.headers.set("cache-control", "no-store");
    response.headers.delete("x-accel-buffering");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.has("x-accel-buffering"), false);
  });

  test("takes its content type as an option or as a header, but not as both", () => {
    const contentType = "text/csv; charset=utf-8";
    for (const init of [{ contentType }, { headers: { "Content-Type": contentType } }]) {
      const response = new StreamingHttpResponse([], init);
      assert.equal(response.headers.get("content-type"), contentType);
    }
    const both = { contentType, headers: { "content-type": contentType } };
    assert.throws(() => new StreamingHttpResponse([], both), {
      code: "OPTION_INVALID",
      message: /twice/,
    });
  });

  test("refuses what a Response refuses", () => {
    for (const init of [
      { status: 99 },
      { status: 600 },
      { statusText: "a\r\nb" },
      { headers: { "x-row": "a\r\nset-cookie: b" } },
      { headers: { "x row": "1" } },
    ]) {
      assert.equal(
        refused(() => new StreamingHttpResponse([], init)),
        refused(() => new Response("", init)),
      );
    }
  });

  for (const status of [204, 205, 304]) {
    test(`with status ${status} has no body and never calls its source`, async () => {
      let called = false;
      const source = () => {
        called = true;
        return ["row"];
      };
      const response = new StreamingHttpResponse(source, { status });
      assert.deepEqual([response.status, response.body], [status, null]);
      assert.equal(await response.text(), "");
      assert.equal(called, false);
    });
  }

  test("can be read as text, JSON, a blob and form data, like any Response", async () => {
    const json = () =>
      new StreamingHttpResponse(["[1,", "2]"], { contentType: "application/json" });
    assert.equal(await json().text(), "[1,2]");
    assert.deepEqual(await json().json(), [1, 2]);
    const blob = await json().blob();
    assert.equal(blob.size, 5);
    const contentType = "application/x-www-form-urlencoded";
    const form = await new StreamingHttpResponse(["a=", "1"], { contentType }).formData();
    assert.equal(form.get("a"), "1");
  });

  test("can be subclassed", async () => {
    class CsvResponse extends StreamingHttpResponse {
      readonly rows: number;
      constructor(rows: readonly number[]) {
        super(
          rows.map((row) => `${row}\n`),
          { contentType: "text/csv" },
        );
        this.rows = rows.length;
      }
    }
    const response = new CsvResponse([1, 2]);
    assert.ok(response instanceof Response && response instanceof StreamingHttpResponse);
    assert.deepEqual([response.rows, response.headers.get("content-type")], [2, "text/csv"]);
    assert.equal(await response.text(), "1\n2\n");
  });

  test("passes on what the static methods of Response make", async () => {
    assert.deepEqual(await StreamingHttpResponse.json([1]).json(), [1]);
    assert.equal(StreamingHttpResponse.error().type, "error");
    assert.equal(StreamingHttpResponse.redirect("http://localhost/", 303).status, 303);
  });

  test("takes a Response as its init, like a Response does", async () => {
    const init = new Response(null, { status: 201, headers: { "x-row": "1" } });
    const response = new StreamingHttpResponse(["row"], init as StreamingHttpResponseInit);
    assert.deepEqual([response.status, response.headers.get("x-row")], [201, "1"]);
    assert.equal(await response.text(), "row");
  });

  test("reports nothing and starts nothing when its options are wrong", async () => {
    const { onClose, outcomes } = watchOutcome();
    let called = false;
    const source = () => {
      called = true;
      return [];
    };
    assert.throws(() => new StreamingHttpResponse(source, { onClose, status: 9 }), RangeError);
    assert.deepEqual([called, outcomes], [false, []]);
  });
});

describe("wrong options", () => {
  test("an unknown option is an error that lists those there are", () => {
    const init = { heartBeat: 1_000 } as StreamingHttpResponseInit;
    assert.throws(
      () => new StreamingHttpResponse([], init),
      (error: MillraceError) => {
        assert.ok(error instanceof MillraceError);
        assert.deepEqual([error.code, error.name], ["OPTION_UNKNOWN", "TypeError"]);
        assert.match(error.message, /^StreamingHttpResponse has no option "heartBeat"/);
        for (const name of "status statusText headers contentType limits heartbeat onClose".split(
          " ",
        )) {
          assert.ok(error.message.includes(name), name);
        }
        return true;
      },
    );
  });

  test("onClose has to be a function", () => {
    const init = { onClose: "log" } as unknown as StreamingHttpResponseInit;
    assert.throws(() => new StreamingHttpResponse([], init), {
      code: "OPTION_INVALID",
      message: /onClose/,
    });
  });

  test("undefined is the same as left out", async () => {
    const init: StreamingHttpResponseInit = {
      contentType: undefined,
      limits: undefined,
      heartbeat: undefined,
      onClose: undefined,
    };
    assert.equal(await new StreamingHttpResponse(["row"], init).text(), "row");
  });
});

describe("MillraceError", () => {
  test("is told apart by its code, carries the cause, and has the platform's name", () => {
    const cause = new Error("below");
    const error = new MillraceError("LIMIT_IDLE", "The source was silent.", { cause });
    assert.ok(error instanceof Error);
    assert.deepEqual([error.code, error.name, error.cause], ["LIMIT_IDLE", "TimeoutError", cause]);
    assert.equal(String(error), "TimeoutError: The source was silent.");
    assert.equal(new MillraceError("CLIENT_LEFT", "").name, "AbortError");
  });

  test("about a source points at the line that gave it", () => {
    const give = (source: unknown) => new StreamingHttpResponse(source as Source);
    assert.throws(
      () => give(42),
      ({ stack }: Error) => stack?.includes("streaming-http-response.test.ts"),
    );
  });
});
