import type { Client } from "../client.ts";
import { row } from "../row.ts";
import { SECRET } from "../sources.ts";

const failed = { finished: 1, outcomes: ["failed"] };
const errorPage = { status: 500, ends: "complete", leaks: false, reused: true, ...failed };
const cutAfterTwoRows = { status: 200, ends: "cut", body: "row 1\nrow 2\n", ...failed };

async function askForErrorPage(client: Client, path: string) {
  const { status, ends, text } = await client.get(path);
  const { finished, outcomes } = await client.seenToEnd();
  const reused = await client.reuses(path);
  return { status, ends, leaks: text.includes(SECRET), reused, finished, outcomes };
}

/** The source throws. */
export const failures = {
  "throw-at-once": row({
    label: "throws before the first chunk",
    title: "a source that throws at once gives a 500 without its text, and the connection lives on",
    promise: errorPage,
    observe: (client) => askForErrorPage(client, "/throw-at-once"),
  }),
  "throw-instantly": row({
    label: "throws before it waits for anything",
    title: "a source that throws in its first turn gives the same 500",
    promise: errorPage,
    observe: (client) => askForErrorPage(client, "/throw-at-once?instantly"),
  }),
  "throw-midway": row({
    label: "throws midway",
    title: "a source that throws after two rows delivers both and ends visibly cut",
    promise: cutAfterTwoRows,
    async observe(client) {
      const { status, ends, text: body } = await client.get("/throw-midway");
      const { finished, outcomes } = await client.seenToEnd();
      return { status, ends, body, finished, outcomes };
    },
  }),
  "throw-after-burst": row({
    label: "throws right after a burst",
    title: "a source that throws right after two rows delivers both and ends visibly cut",
    promise: cutAfterTwoRows,
    async observe(client) {
      const { status, ends, text: body } = await client.get("/throw-after-burst");
      const { finished, outcomes } = await client.seenToEnd();
      return { status, ends, body, finished, outcomes };
    },
  }),
};
