import { createHash } from "node:crypto";

import { row } from "../row.ts";
import { bigChunk, oneChunk } from "../sources.ts";
import { untilItRests } from "./leaving.ts";

const complete = { ends: "complete", finished: 1, outcomes: ["complete"] };
const MIB = 2 ** 20;

/** What the kernels of both ends may hold of a response whose reader stopped (tcp_wmem and tcp_rmem), and some air. */
const KERNEL = 16 * MIB;

/** MiB of a response that is larger than that by far. */
const BIG = 32;

/** The source ends well; every byte arrives. */
export const bodies = {
  complete: row({
    label: "ends well",
    title: "a source that ends is complete, and the connection takes the next request",
    promise: {
      status: 200,
      version: true,
      body: "row 1\nrow 2\nrow 3\n",
      reused: true,
      ...complete,
    },
    async observe(client) {
      const { status, ends, text, version } = await client.get("/rows");
      const { finished, outcomes } = await client.seenToEnd();
      return {
        ...{ status, ends, body: text, finished, outcomes },
        version: (client.protocol === "HTTP/2") === (version === "2"),
        reused: await client.reuses("/rows"),
      };
    },
  }),
  empty: row({
    label: "yields nothing",
    title: "a source that yields nothing is a complete and empty response",
    promise: { status: 200, body: "", ...complete },
    async observe(client) {
      const { status, ends, text: body } = await client.get("/empty");
      const { finished, outcomes } = await client.seenToEnd();
      return { status, ends, body, finished, outcomes };
    },
  }),
  "empty-chunk": row({
    label: "yields an empty chunk",
    title: "an empty chunk adds nothing and ends nothing",
    promise: { status: 200, body: "", ...complete },
    async observe(client) {
      const { status, ends, text: body } = await client.get("/empty-chunk");
      const { finished, outcomes } = await client.seenToEnd();
      return { status, ends, body, finished, outcomes };
    },
  }),
  "single-bytes": row({
    label: "10,000 chunks of one byte",
    title: "chunks of one byte arrive in their order",
    promise: { status: 200, intact: true, ...complete },
    async observe(client) {
      const { status, ends, body } = await client.get("/single-bytes");
      const { finished, outcomes } = await client.seenToEnd();
      const intact = body.length === 10_000 && body.every((byte, index) => byte === index % 251);
      return { status, ends, intact, finished, outcomes };
    },
  }),
  acknowledged: row({
    label: "lone chunks",
    title: "a chunk that is alone arrives before the next one is yielded",
    promise: { arrivedAlone: 4, ...complete },
    async observe(client) {
      const reader = client.open("/acknowledged");
      let arrivedAlone = 0;
      while (arrivedAlone < 4 && (await reader.until(`chunk ${arrivedAlone}\n`))) {
        arrivedAlone += 1;
        await client.acknowledge();
      }
      const { ends } = await reader.rest();
      const { finished, outcomes } = await client.seenToEnd();
      return { arrivedAlone, ends, finished, outcomes };
    },
  }),
  heartbeat: row({
    label: "heartbeat",
    title: "heartbeats fill the silence between two events and change neither",
    promise: { events: "data: 1\n\ndata: 2\n\n", beats: true, ...complete },
    async observe(client) {
      const { ends, text } = await client.get("/heartbeat");
      const { finished, outcomes } = await client.seenToEnd();
      const events = text.replaceAll(":\n\n", "");
      const beats = text.startsWith("data: 1\n\n:\n\n:\n\n");
      return { ends, events, beats, finished, outcomes };
    },
  }),
  "one-chunk": row({
    label: "one chunk of 100 MB",
    title: "a chunk of 100 MB arrives intact",
    promise: { intact: true, ...complete },
    async observe(client) {
      const { ends, hash } = await client.open("/one-chunk?mib=100").rest();
      const { finished, outcomes } = await client.seenToEnd();
      return { intact: hash === hashOfOneChunk(), ends, finished, outcomes };
    },
    alone: true,
  }),
  slow: row({
    label: "slow reader",
    title:
      "a client that stops reading stops the source, and gets every byte right when it reads on",
    promise: { bounded: true, intact: true, ...complete },
    async observe(client, { note }) {
      const reader = client.open(`/big?mib=${BIG}`);
      const pulled = await untilItRests(client);
      note(`${(pulled / MIB).toFixed(1)} MiB pulled for a reader that stopped`);
      const { ends, hash } = await reader.rest();
      const { finished, outcomes } = await client.seenToEnd();
      const intact = hash === hashOfBig();
      return { bounded: pulled < KERNEL, intact, ends, finished, outcomes };
    },
    alone: true,
  }),
};

// Each host asks for the same hashes.
const hashOfOneChunk = once(() => sha256([oneChunk(100)]));
const hashOfBig = once(() =>
  sha256(Array.from({ length: BIG * 16 }, (_, index) => bigChunk(index))),
);

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function sha256(chunks: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
