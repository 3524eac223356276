import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";

import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";

import { eventually } from "../support/eventually.ts";
import { END_HEADERS, frame, getFrame, requestBlock, setting, uint32 } from "./support/frames.ts";
import { openSession, readAll, ask } from "./support/http2-client.ts";
import { RawSession } from "./support/raw-session.ts";
import { pathOf, serving } from "./support/serving.ts";

/** Frames of an attack, at most; a few seconds' worth of a slow machine. */
const MOST = 20_000;
/** Frames that leave together. */
const ROUND = 2_000;

let handled = 0;
const app = (request: Request) => {
  handled += 1;
  if (pathOf(request) === "/plain") return new Response("plain");
  return new StreamingHttpResponse(async function* ({ signal }) {
    yield "begins\n";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
};

const open = frame("headers", END_HEADERS, 1, requestBlock("/upload", { method: "POST" }));

/** Attacks of one client, all from the CVEs of 2019 to 2026: what it sends first, and then over and over. */
const attacks: [title: string, first: Buffer[], again: (count: number) => Buffer][] = [
  [
    "rapid reset",
    [],
    (count) => {
      const stream = 2 * count + 1;
      return Buffer.concat([getFrame(stream, "/"), frame("reset", 0, stream, uint32(8))]);
    },
  ],
  [
    "requests that make the server reset them",
    [],
    (count) => {
      const stream = 2 * count + 1;
      return Buffer.concat([getFrame(stream, "/"), frame("windowUpdate", 0, stream, uint32(0))]);
    },
  ],
  ["SETTINGS", [], () => frame("settings", 0, 0, setting(4, 65_535))],
  ["empty SETTINGS", [], () => frame("settings", 0, 0)],
  ["PING", [], () => frame("ping", 0, 0, Buffer.alloc(8))],
  ["PRIORITY", [], (count) => frame("priority", 0, 2 * count + 1, Buffer.from([0, 0, 0, 0, 9]))],
  ["empty DATA", [open], () => frame("data", 0, 1)],
  [
    "empty CONTINUATION",
    [frame("headers", 0, 1, requestBlock("/"))],
    () => frame("continuation", 0, 1),
  ],
  [
    "empty HEADERS without an end",
    [frame("headers", 0, 1)],
    () => frame("continuation", 0, 1, Buffer.from("\0\x01x\x01y")),
  ],
  ["a window beyond 2^31", [open], () => frame("windowUpdate", 0, 0, uint32(2 ** 31 - 1))],
];

/** Attacks that stay below what makes Node itself react, when they take their time. */
const patient = new Set(["SETTINGS", "empty SETTINGS", "PING"]);

describe("one client that floods its session", () => {
  for (const [title, , again] of attacks.filter(([name]) => patient.has(name))) {
    test(`with ${title}, a hundred at a time, loses it too`, async (t) => {
      const server = await serving(t, app, { http2: true });
      using attacker = await RawSession.open(server);
      const { socket } = attacker.client;
      let sent = 0;
      for (; sent < MOST && !socket.destroyed && socket.writable; sent += 100) {
        attacker.send(...Array.from({ length: 100 }, (_, index) => again(sent + index)));
        await delay(1);
      }
      await attacker.client.end(15_000);
      assert.ok(sent < MOST / 2, `still answered after ${sent} frames`);
    });
  }

  for (const [title, first, again] of attacks) {
    test(`with ${title} loses it, and another session is served all the while`, async (t) => {
      await flood(t, first, again);
    });
  }
});

async function flood(t: TestContext, first: Buffer[], again: (count: number) => Buffer) {
  const server = await serving(t, app, { http2: true });
  using bystander = await openSession(server);
  using attacker = await RawSession.open(server);
  attacker.send(...first);
  const before = handled;
  let sent = 0;
  const { socket } = attacker.client;
  while (sent < MOST && !socket.destroyed && socket.writable) {
    const round = Array.from({ length: ROUND }, (_, index) => again(sent + index));
    sent += ROUND;
    if (!socket.write(Buffer.concat(round))) {
      const drained = new Promise((resolve) => socket.once("drain", resolve));
      await Promise.race([drained, attacker.client.closed]);
    }
    if (sent % 2_000 === 0) {
      const { status } = await readAll(ask(bystander, { ":path": "/plain" }));
      assert.equal(status, 200, "another client was not served");
    }
    await new Promise(setImmediate);
  }
  await attacker.client.end(15_000);
  t.diagnostic(`closed after ${sent} frames, ${handled - before} requests handled`);
  assert.ok(handled - before < 1_100, `${handled - before} requests reached the app`);
  const { status } = await readAll(ask(bystander, { ":path": "/plain" }));
  assert.equal(status, 200);
  await eventually(() => server.streams.length === 0);
}
