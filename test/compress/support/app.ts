import { setTimeout as delay } from "node:timers/promises";

import { StreamingHttpResponse } from "millrace";
import { withCompression } from "millrace/compress";

const text = { "content-type": "text/plain" };
export const LONG: string = "text that is long enough ".repeat(100);
export const ROWS: string = Array.from({ length: 30_000 }, (_, id) => `${id},row ${id}\r\n`).join(
  "",
);

/** What the app answers, by path; everything else is 404. */
const views: Readonly<Record<string, () => Response>> = {
  "/slow": () =>
    new StreamingHttpResponse(
      async function* () {
        for (const part of ["first ", "second ", `${ROWS} third`, " fourth"]) {
          yield part;
          await delay(600);
        }
      },
      { contentType: "text/plain" },
    ),
  "/rows": () => new StreamingHttpResponse([ROWS], { contentType: "text/csv" }),
  "/long": () => new Response(LONG, { headers: text }),
  "/short": () => new Response("short", { headers: text }),
  "/cookies": () => {
    const headers = new Headers({ ...text, etag: '"eggs"' });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response(LONG, { headers });
  },
  "/fails": () =>
    new StreamingHttpResponse(
      async function* () {
        yield LONG;
        await delay(250);
        throw new Error("the database went away");
      },
      { contentType: "text/plain" },
    ),
};

/** An app for every runtime. */
export const { fetch }: { fetch: (request: Request) => Response | Promise<Response> } =
  withCompression({
    fetch(request: Request) {
      const view = views[new URL(request.url).pathname];
      return view?.() ?? new Response("not found", { status: 404 });
    },
  });
