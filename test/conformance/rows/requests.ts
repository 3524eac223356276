import { row } from "../row.ts";

// Without ALPN, as a client of that age; curl would offer `http/1.0` there.
const http10 = ["--http1.0", "--no-alpn"];

/** What the request asks for. */
export const requests = {
  head: row({
    label: "HEAD",
    title: "HEAD is answered without starting the source",
    promise: { status: 200, ends: "complete", started: 0 },
    async observe(client) {
      const { status, ends } = await client.get("/ticking", ["-I"]);
      const { started } = await client.record();
      return { status, ends, started };
    },
  }),
  "not-modified": row({
    label: "304",
    title: "a 304 is answered without starting the source",
    promise: { status: 304, ends: "complete", started: 0, reused: true },
    async observe(client) {
      const { status, ends } = await client.get("/not-modified");
      const { started } = await client.record();
      return { status, ends, started, reused: await client.reuses("/not-modified") };
    },
  }),
  unread: row({
    label: "`onClose` of a HEAD",
    title: "a response that is never read still gets its outcome",
    promise: { outcomes: ["complete"] },
    async observe(client) {
      await client.get("/ticking", ["-I"]);
      const { outcomes } = await client.recordWhen((record) => record.outcomes.length > 0, 500);
      return { outcomes };
    },
  }),
  "http10-complete": row({
    label: "HTTP/1.0 client, ends well",
    title: "an HTTP/1.0 client gets a complete response",
    promise: { status: 200, ends: "complete", body: "row 1\nrow 2\nrow 3\n" },
    protocols: ["HTTP/1.1"],
    async observe(client) {
      const { status, ends, text: body } = await client.get("/rows", http10);
      return { status, ends, body };
    },
  }),
  "http10-throws": row({
    label: "HTTP/1.0 client, throws midway",
    title:
      "an HTTP/1.0 client sees that a source threw, although its body ends with the connection",
    promise: { status: 200, ends: "cut", outcomes: ["failed"] },
    protocols: ["HTTP/1.1"],
    async observe(client) {
      const { status, ends } = await client.get("/throw-midway", http10);
      const { outcomes } = await client.seenToEnd();
      return { status, ends, outcomes };
    },
  }),
};
