import type { Deviation } from "../rows.ts";

/** What several hosts break in the same way. */

const instead = "Let `createRequestListener` or `serve` of millrace/node serve the app.";

/** For hosts that write the head together with the first bytes, and destroy the socket when there are none. */
export const destroysBeforeHead = {
  sees: { status: 0, ends: "no answer", reused: false },
  why: "srvx closes the connection without an answer when the first read fails.",
  instead,
} satisfies Deviation<"throw-at-once">;

export const sendsHeadFirst = {
  sees: { status: 200, ends: "cut", reused: false },
  why: "@hono/node-server sends the head before it knows how the body begins.",
  instead,
} satisfies Deviation<"throw-at-once">;

/** HTTP/1.0 has no chunks: the end of the connection is the end of the body. */
export const closesHttp10 = {
  sees: { ends: "complete" },
  why: "@hono/node-server and srvx close the connection, which is the clean end of an HTTP/1.0 response.",
  instead,
} satisfies Deviation<"http10-throws">;

export const dropsUnreadBody = {
  sees: { outcomes: [] },
  why: "Hono and h3 answer HEAD with a response of their own and drop yours, so `onClose` is not called.",
  instead: "Do not count on `onClose` for HEAD.",
} satisfies Deviation<"unread">;
