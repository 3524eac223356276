/** Streams that wait for another request: `/channel` yields what `/publish?text=` is told; `?heartbeat` and `?idle` are in ms. */
import { StreamingHttpResponse, type OutcomeType } from "millrace";

const readers = new Set<(text: string) => void>();
const outcomes: OutcomeType[] = [];

export default {
  fetch(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/outcomes") return Response.json(outcomes);
    if (pathname === "/publish") {
      for (const tell of readers) tell(searchParams.get("text") ?? "");
      return new Response();
    }
    return new StreamingHttpResponse(channel, {
      contentType: "text/event-stream",
      heartbeat: Number(searchParams.get("heartbeat")) || false,
      limits: { idle: Number(searchParams.get("idle")) || false },
      onClose: ({ type }) => outcomes.push(type),
    });
  },
};

async function* channel(): AsyncGenerator<string> {
  yield "data: hello\n\n";
  while (true) {
    const text = await new Promise<string>((resolve) => readers.add(resolve));
    readers.clear();
    yield `data: ${text}\n\n`;
  }
}
