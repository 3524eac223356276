import { once } from "node:events";
import { constants, type ClientHttp2Stream } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";

import type { Client } from "../client.ts";
import { row } from "../row.ts";
import { over, readAll, withSession } from "../session.ts";

const protocols = ["HTTP/2"];

/** What only many streams on one connection can show. */
export const http2 = {
  "h2-reset": row({
    label: "stream reset by the client",
    title: "a client that resets one stream ends its source and no other",
    promise: { finished: 1, aborted: 1, outcomes: ["cancelled"], neighbourGoesOn: true },
    protocols,
    observe: (client) =>
      withSession(client.host, async (session) => {
        const neighbour = client.another().request(session, "/ticking");
        const stream = client.request(session, "/ticking");
        await Promise.all([once(stream, "data"), once(neighbour, "data")]);
        stream.close(constants.NGHTTP2_CANCEL);
        return { ...(await client.seenToEnd()), neighbourGoesOn: await goesOn(neighbour) };
      }),
  }),
  "h2-throws": row({
    label: "stream that throws beside others",
    title: "a source that throws resets its own stream with INTERNAL_ERROR and no other",
    promise: {
      code: constants.NGHTTP2_INTERNAL_ERROR,
      body: "row 1\nrow 2\n",
      neighbourGoesOn: true,
    },
    protocols,
    observe: (client) =>
      withSession(client.host, async (session) => {
        const neighbour = client.another().request(session, "/ticking");
        const stream = client.request(session, "/throw-midway");
        const [{ text: body }] = await Promise.all([readAll(stream), once(neighbour, "data")]);
        return { code: stream.rstCode, body, neighbourGoesOn: await goesOn(neighbour) };
      }),
  }),
  "h2-undelivered": row({
    label: "stream reset before its last bytes left",
    title:
      "a response whose last bytes were never taken is not complete, although its source is through",
    promise: { byReset: ["cancelled"], byConnection: ["cancelled"] },
    protocols,
    async observe(client) {
      const leave = (user: Client, how: (stream: ClientHttp2Stream) => void) =>
        withSession(user.host, async (session) => {
          const stream = user.request(session, "/two-windows");
          await user.recordWhen(({ finished }) => finished > 0);
          how(stream);
          return (await user.seenToEnd()).outcomes;
        });
      const byReset = await leave(client, (stream) => stream.close(constants.NGHTTP2_CANCEL));
      const byConnection = await leave(client.another(), ({ session }) => session?.destroy());
      return { byReset, byConnection };
    },
  }),
  "h2-stalled": row({
    label: "stream that is not read beside others",
    title: "a stream that nobody reads holds up no other on its connection",
    promise: { neighbourComplete: true },
    protocols,
    observe: (client) =>
      withSession(client.host, async (session) => {
        const stalled = client.another().request(session, "/big");
        await once(stalled, "readable");
        const { text } = await readAll(client.request(session, "/rows"));
        return { neighbourComplete: text === "row 1\nrow 2\nrow 3\n" };
      }),
  }),
};

/** Whether more of an endless stream arrives. */
async function goesOn(stream: ClientHttp2Stream): Promise<boolean> {
  const more = new Promise<boolean>((resolve) => stream.once("data", () => resolve(true)));
  const end = over(stream).then(() => false);
  return Promise.race([more, end, delay(3_000, false, { ref: false })]);
}
