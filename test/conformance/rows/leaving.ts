import { setTimeout as delay } from "node:timers/promises";

import type { Client } from "../client.ts";
import { row } from "../row.ts";

const cancelled = { finished: 1, aborted: 1, outcomes: ["cancelled"] };

/** Where a host does not notice that its client left, this limit ends the source all the same. */
const BACKSTOP = "stalled=2500";

/** Reads until `part`, leaves, and reports what the source noticed of it. */
async function leaveAfter(client: Client, path: string, part: string) {
  const reader = client.open(path);
  await reader.until(part);
  await reader.leave();
  return client.seenToEnd();
}

/** The client leaves. */
export const leaving = {
  "leave-ticking": row({
    label: "left while it yields",
    title: "a client that leaves ends a source that yields on and on",
    promise: cancelled,
    observe: (client) => leaveAfter(client, "/ticking", "tick 2\n"),
  }),
  "leave-synchronous": row({
    label: "left while it yields without waiting",
    title: "a client that leaves ends a source that never waits",
    promise: { finished: 1, aborted: 1 },
    async observe(client) {
      const { finished, aborted } = await leaveAfter(client, `/synchronous?${BACKSTOP}`, "x");
      return { finished, aborted }; // not the outcome: see `expects` of HTTP/2 with TLS
    },
  }),
  "leave-listening": row({
    label: "left while it waits and listens",
    title: "a client that leaves ends a source that waits and listens to the signal",
    promise: cancelled,
    observe: (client) => leaveAfter(client, "/parked-listening", "row 1\n"),
  }),
  "leave-deaf": row({
    label: "left while it waits and does not listen",
    title:
      "a client that leaves aborts the signal at once and ends a deaf source when its wait is over",
    promise: { ...cancelled, abortedBeforeItsWaitWasOver: true },
    async observe(client) {
      const reader = client.open("/parked-deaf");
      await reader.until("row 1\n");
      await reader.leave();
      const atOnce = await client.recordWhen(
        ({ aborted, finished }) => aborted > 0 || finished > 0,
      );
      const abortedBeforeItsWaitWasOver = atOnce.aborted === 1 && atOnce.finished === 0;
      return { ...(await client.seenToEnd()), abortedBeforeItsWaitWasOver };
    },
  }),
  "leave-early": row({
    label: "left before the first chunk",
    title: "a client that leaves before the first chunk ends the source",
    promise: cancelled,
    async observe(client) {
      const reader = client.open("/parked-listening?quiet");
      await client.recordWhen(({ started }) => started > 0);
      await reader.leave();
      return client.seenToEnd();
    },
  }),
  "leave-stalled": row({
    label: "left while it waits for the reader",
    title: "a client that stopped reading and leaves ends the source",
    promise: cancelled,
    async observe(client) {
      const reader = client.open(`/big?${BACKSTOP}`);
      await untilItRests(client);
      await reader.leave();
      return client.seenToEnd();
    },
    alone: true,
  }),
};

/** Waits until nothing more is pulled from the source, and says how much was. */
export async function untilItRests(client: Client): Promise<number> {
  let before = -1;
  let record = await client.recordWhen(({ bytes }) => bytes > 0);
  while (record.bytes !== before) {
    before = record.bytes;
    await delay(300);
    record = await client.record();
  }
  return record.bytes;
}
