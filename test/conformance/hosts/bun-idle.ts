/** Silence on Bun, whose `idleTimeout` (default 10 s) is 5 s here; its clock ticks every 4 s. */
import { StreamingHttpResponse } from "millrace";

import { fetch as answerOfApp } from "../app.ts";

/** What is used here of Bun's `Server`. */
interface BunServer {
  timeout(request: Request, seconds: number): void;
}

export default {
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 5,
  fetch(request: Request, server: BunServer): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/silence") return answerOfApp(request);
    if (searchParams.has("timeout")) server.timeout(request, Number(searchParams.get("timeout")));
    return new StreamingHttpResponse(silence, {
      contentType: "text/event-stream",
      heartbeat: searchParams.has("heartbeat") ? 1_000 : false,
    });
  },
};

async function* silence(): AsyncGenerator<string> {
  yield "data: 1\n\n";
  await new Promise((resolve) => setTimeout(resolve, 13_000));
  yield "data: 2\n\n";
}
