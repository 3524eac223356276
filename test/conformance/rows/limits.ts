import { row } from "../row.ts";
import { untilItRests } from "./leaving.ts";

const timedOut = { finished: 1, aborted: 1, outcomes: ["timed-out"] };

/** A limit passes. */
export const limits = {
  "limit-first-chunk": row({
    label: "limit `firstChunk`",
    title: "a source without a first chunk is answered with 503 when its limit passes",
    promise: { status: 503, ends: "complete", ...timedOut },
    async observe(client) {
      const { status, ends } = await client.get("/parked-listening?quiet&firstChunk=200");
      return { status, ends, ...(await client.seenToEnd()) };
    },
  }),
  "limit-idle": row({
    label: "limit `idle`",
    title: "a source that is silent for too long is cut visibly after what it yielded",
    promise: { ends: "cut", body: "row 1\n", ...timedOut },
    async observe(client) {
      const { ends, text: body } = await client.get("/parked-listening?idle=300");
      return { ends, body, ...(await client.seenToEnd()) };
    },
  }),
  "limit-total": row({
    label: "limit `total`",
    title: "a response that takes too long is cut visibly",
    promise: { ends: "cut", ...timedOut },
    async observe(client) {
      const { ends } = await client.get("/ticking?total=300");
      return { ends, ...(await client.seenToEnd()) };
    },
  }),
  "limit-stalled": row({
    label: "limit `stalled`",
    title: "a reader that takes nothing for too long is cut off, and sees it when it reads on",
    promise: { ends: "cut", ...timedOut },
    async observe(client) {
      const reader = client.open("/big?stalled=500");
      await untilItRests(client);
      const seen = await client.seenToEnd();
      const { ends } = await reader.rest();
      return { ends, ...seen };
    },
    alone: true,
  }),
};
