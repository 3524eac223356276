import { StreamingHttpResponse, type Source } from "millrace";

import { contentType, page, sourceOf } from "./views.ts";

/** The views as our responses, for every server that takes a fetch handler. */
export function millraceApp(request: Request): Response {
  const { pathname, search } = new URL(request.url);
  if (pathname === "/quiet/signal")
    return new StreamingHttpResponse(quietWithSignal, { contentType });
  if (pathname === "/quiet/heartbeat") {
    const options = { contentType: "text/event-stream", heartbeat: 30_000 };
    return new StreamingHttpResponse(quietWithSignal, options);
  }
  const source = sourceOf(pathname + search);
  if (source === undefined) return new Response(page, { headers: { "content-type": "text/html" } });
  return new StreamingHttpResponse(source as Source, { contentType }); // one of the two it is a union of
}

/** As a view should be written: it stops waiting when its reader leaves. */
async function* quietWithSignal({ signal }: { signal: AbortSignal }): AsyncGenerator<string> {
  yield "data: open\n\n";
  await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
