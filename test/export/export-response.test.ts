import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { get } from "node:http";
import { describe, test } from "node:test";

import {
  csv,
  jsonArray,
  ndjson,
  type ExportOptions,
  type ExportOutcome,
  type ExportProgress,
} from "millrace/export";

import { ask, openSession, over } from "../node/support/http2-client.ts";
import { serving } from "../node/support/serving.ts";
import { readerOf } from "../response/support/read.ts";
import { captureWarnings } from "../response/support/watch.ts";
import { curl } from "../support/curl.ts";
import { within } from "../support/within.ts";

const rows = Array.from({ length: 10_000 }, (_, id) => ({ id, name: `customer ${id}` }));
const body = `id,name\r\n${rows.map(({ id, name }) => `${id},${name}\r\n`).join("")}`;
const digest = createHash("sha256").update(body).digest();
const contentDigest = `sha-256=:${digest.toString("base64")}:`;

/** Options that tell how it ended. */
function watched(options: ExportOptions = {}) {
  const { promise, resolve } = Promise.withResolvers<ExportOutcome>();
  return { closed: promise, options: { ...options, onClose: resolve } };
}

async function* later() {
  for (const row of rows) yield row;
}

const sources = { sync: () => rows, async: later };

describe("the proof that an export is whole", () => {
  for (const [kind, source] of Object.entries(sources)) {
    test(`it comes in trailers over HTTP/1.1, ${kind}`, async (t) => {
      const { closed, options } = watched();
      const server = await serving(t, () => csv<(typeof rows)[0]>(source, options));
      const [response] = await once(get(server.url), "response");
      let text = "";
      for await (const chunk of response) text += chunk;
      assert.equal(text, body);
      assert.equal(response.headers.trailer.toLowerCase(), "content-digest, x-row-count");
      assert.deepEqual(
        { ...response.trailers },
        { "content-digest": contentDigest, "x-row-count": "10000" },
      );
      const outcome = await closed;
      assert.equal(outcome.type, "complete");
      assert.equal(outcome.rows, 10_000);
      assert.equal(outcome.bytes, body.length);
      assert.equal(outcome.sha256, digest.toString("hex"));
    });
  }

  test("it comes in trailers over HTTP/2", async (t) => {
    const server = await serving(t, () => csv(rows), { http2: true });
    const session = await openSession(server);
    t.after(() => session.destroy());
    const stream = ask(session, { ":path": "/" });
    const trailers = once(stream, "trailers");
    let text = "";
    stream.on("data", (bytes: Buffer) => (text += bytes.toString()));
    await over(stream);
    assert.equal(text, body);
    const [fields] = await within(trailers, "the trailers");
    assert.equal(fields["content-digest"], contentDigest);
    assert.equal(fields["x-row-count"], "10000");
  });

  test("over HTTP/1.0 there are no trailers, and the outcome has it all the same", async (t) => {
    const { closed, options } = watched();
    const server = await serving(t, () => csv(rows, options));
    const { code, text } = await curl(["--http1.0", "-i", server.url]);
    assert.equal(code, 0);
    const [head = "", content] = text.split(/\r\n\r\n/, 2);
    assert.doesNotMatch(head, /trailer/i);
    assert.equal(content, body);
    assert.equal((await closed).sha256, digest.toString("hex"));
  });

  test("over a web stream the outcome has it", async () => {
    const { closed, options } = watched();
    assert.equal(await csv(rows, options).text(), body);
    assert.equal((await closed).sha256, digest.toString("hex"));
  });

  test("without `digest` only rows are counted", async (t) => {
    const { closed, options } = watched({ digest: false });
    const server = await serving(t, () => csv(rows, options));
    const [response] = await once(get(server.url), "response");
    await response.resume();
    await once(response, "end");
    assert.deepEqual({ ...response.trailers }, { "x-row-count": "10000" });
    assert.equal((await closed).sha256, undefined);
  });

  test("an export that failed has no proof, no trailers and no last chunk", async (t) => {
    const { closed, options } = watched();
    const server = await serving(t, () =>
      csv<{ id: number }>(async function* () {
        yield { id: 1 };
        throw new Error("gone");
      }, options),
    );
    const { code, text } = await curl(["--raw", server.url]);
    assert.equal(code, 18);
    assert.doesNotMatch(text, /digest|\r\n0\r\n/i);
    const outcome = await closed;
    assert.deepEqual(
      [outcome.type, outcome.rows, outcome.bytes, outcome.sha256],
      ["failed", 1, 7, undefined],
    );
  });

  test("an export that the client left has none either", async (t) => {
    const { closed, options } = watched();
    const endless = function* () {
      while (true) yield { id: 1 };
    };
    const server = await serving(t, () => csv<{ id: number }>(endless, options));
    const reader = readerOf(await fetch(server.url));
    await reader.read();
    await reader.cancel();
    const outcome = await within(closed, "the outcome");
    assert.deepEqual([outcome.type, outcome.sha256], ["cancelled", undefined]);
    assert.ok(outcome.rows > 0 && outcome.bytes > 0);
  });

  test("no rows are whole, too", async () => {
    const { closed, options } = watched();
    assert.equal(await csv([], options).text(), "");
    const { type, rows: count, bytes, sha256 } = await closed;
    assert.deepEqual(
      [type, count, bytes, sha256],
      ["complete", 0, 0, createHash("sha256").digest("hex")],
    );
  });
});

describe("requests without a body", () => {
  test("HEAD has the same headers, starts nothing and closes the rows", async (t) => {
    const closings: ExportOutcome[] = [];
    let returned = 0;
    const given = {
      [Symbol.asyncIterator]: () => assert.fail("opened"),
      return: async () => void (returned += 1),
    };
    const answers = [
      () =>
        csv<unknown>(given, {
          filename: "a.csv",
          columns: ["id"],
          onClose: (outcome) => closings.push(outcome),
        }),
      () => csv<unknown>(() => assert.fail("called"), { filename: "a.csv", columns: ["id"] }),
    ];
    for (const create of answers) {
      const server = await serving(t, create);
      const { code, text } = await curl(["-I", server.url]);
      assert.equal(code, 0);
      assert.match(text, /^HTTP\/1.1 200 /);
      assert.match(text, /content-type: text\/csv; charset=utf-8; header=present\r\n/i);
      assert.match(text, /content-disposition: attachment; filename=a\.csv\r\n/i);
    }
    assert.equal(returned, 1);
    assert.deepEqual(
      closings.map(({ rows: count, bytes, sha256 }) => [count, bytes, sha256]),
      [[0, 0, undefined]],
    );
  });
});

describe("headers", () => {
  const headersOf = (options: ExportOptions) => csv([], options).headers;

  test("an export is stored nowhere unless the headers say so", () => {
    assert.equal(headersOf({}).get("cache-control"), "no-store");
    assert.equal(
      headersOf({ headers: { "cache-control": "private" } }).get("cache-control"),
      "private",
    );
  });

  test("a filename makes a download, `inline` shows it all the same, and neither says nothing", () => {
    assert.equal(headersOf({}).get("content-disposition"), null);
    assert.equal(
      headersOf({ filename: "a.csv" }).get("content-disposition"),
      "attachment; filename=a.csv",
    );
    assert.equal(
      headersOf({ filename: "a.csv", inline: true }).get("content-disposition"),
      "inline; filename=a.csv",
    );
    assert.equal(headersOf({ inline: true }).get("content-disposition"), "inline");
  });

  test("each format has its type, its protection from guessing, and no length", () => {
    const formats = [
      [csv([]), "text/csv; charset=utf-8"],
      [ndjson([]), "application/x-ndjson"],
      [jsonArray([]), "application/json"],
    ] as const;
    for (const [{ headers }, type] of formats) {
      assert.equal(headers.get("content-type"), type);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("x-accel-buffering"), "no");
      assert.equal(headers.get("content-length"), null);
    }
  });

  test("the options of a response hold", () => {
    const response = csv([], { status: 202, headers: { "x-job": "7" } });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get("x-job"), "7");
  });
});

describe("progress", () => {
  /** Rows for about 1.2 s. */
  async function* slow() {
    for (let id = 0; id < 12; id++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      yield { id };
    }
  }

  async function progressOf(options: ExportOptions): Promise<ExportProgress[]> {
    const seen: ExportProgress[] = [];
    await ndjson(slow(), { ...options, progress: (progress) => seen.push(progress) }).text();
    return seen;
  }

  test("it comes twice a second and at the end, with the share where the total is known", async () => {
    const [known, promised, unknown, wrong] = await Promise.all([
      progressOf({ total: 12 }),
      progressOf({ total: Promise.resolve(24) }),
      progressOf({}),
      progressOf({ total: 6 }),
    ]);
    assert.ok(known.length >= 3 && known.length <= 4, `${known.length} times`);
    const last = known.at(-1);
    assert.deepEqual([last?.rows, last?.total, last?.share, last?.bytes], [12, 12, 1, 12 * 9 + 2]);
    assert.ok((last?.elapsed ?? 0) > 1_000 && (last?.rate ?? 0) > 5 && (last?.rate ?? 0) < 12);
    known.forEach(({ rows: count, share }) => assert.equal(share, count / 12));
    for (let index = 1; index < known.length; index++)
      assert.ok(known[index]!.rows >= known[index - 1]!.rows);
    assert.equal(promised.at(-1)?.share, 0.5);
    assert.deepEqual([unknown.at(-1)?.share, unknown.at(-1)?.total], [undefined, undefined]);
    assert.equal(wrong.at(-1)?.share, 1);
  });

  test("it does not wait for a total, and one that fails is a warning", async (t) => {
    const warnings = captureWarnings(t);
    const seen: ExportProgress[] = [];
    const progress = (one: ExportProgress) => seen.push(one);
    await ndjson([1], { progress, total: new Promise<number>(() => {}) }).text();
    assert.deepEqual(warnings, []);
    for (const total of [Promise.reject(new Error("no count")), Promise.resolve(NaN)]) {
      await ndjson([1], { progress, total }).text();
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["TOTAL_FAILED", "TOTAL_FAILED"],
    );
    assert.ok(seen.every(({ share }) => share === undefined));
  });

  test("a progress that throws is a warning, and the export goes on", async (t) => {
    const warnings = captureWarnings(t);
    const progress = () => {
      throw new Error("no socket");
    };
    assert.equal(await ndjson([1], { progress }).text(), "1\n");
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ["PROGRESS_THREW"],
    );
  });

  test("an export that nobody reads makes none", async () => {
    await csv([], { progress: () => assert.fail("called") }).body?.cancel();
  });
});

describe("heartbeats", () => {
  test("a JSON array can have them, and then has no digest", async (t) => {
    const { closed, options } = watched({ heartbeat: 20 });
    const release = Promise.withResolvers<void>();
    async function* rowsLater() {
      yield { id: 1 };
      await release.promise;
      yield { id: 2 };
    }
    const server = await serving(t, () => jsonArray(rowsLater(), options));
    const response = await fetch(server.url);
    setTimeout(release.resolve, 100);
    const text = await response.text();
    assert.deepEqual(JSON.parse(text), [{ id: 1 }, { id: 2 }]);
    assert.match(text, /^\[\{"id":1\} +,\n\{"id":2\}\]$/);
    assert.equal((await closed).sha256, undefined);
  });

  test("with a digest they are an error, and in formats that cannot have them", () => {
    assert.throws(() => jsonArray([], { heartbeat: 1_000, digest: true }), {
      code: "OPTION_INVALID",
    });
    assert.throws(() => csv([], { heartbeat: 1_000 }), { code: "HEARTBEAT_UNSUPPORTED" });
    assert.throws(() => ndjson([], { heartbeat: 1_000 }), { code: "HEARTBEAT_UNSUPPORTED" });
  });
});

test("a wrong value is an error at the call", () => {
  const wrong: Record<string, unknown> = {
    ...{ filename: "", inline: "yes", progress: true, onClose: {}, digest: "sha256", total: -1 },
  };
  for (const [name, value] of Object.entries(wrong)) {
    const expected = { code: "OPTION_INVALID", message: new RegExp(`^${name} `) };
    assert.throws(() => csv([], { [name]: value }), expected);
    assert.throws(() => ndjson([], { [name]: value }), expected);
    assert.throws(() => jsonArray([], { [name]: value }), expected);
  }
  for (const total of [NaN, "12", {}])
    assert.throws(() => csv([], { total: total as number }), { code: "OPTION_INVALID" });
});

test("a failed export is no complete one over HTTP/2 either", async (t) => {
  async function* failing() {
    yield { id: 1 };
    throw new Error("gone");
  }
  const server = await serving(t, () => csv(failing()), { http2: true });
  const { code } = await curl(["--http2-prior-knowledge", server.url]);
  assert.equal(code, 92);
});
