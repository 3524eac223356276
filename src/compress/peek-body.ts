import { nextTurn } from "../response/turn.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Pieces that are looked at, at most: of a body of empty ones there would be no end. */
const MOST_PIECES = 100;

/**
 * Looks whether less than `enough` bytes of body are all there is, and says so in a Content-Length. It waits for one turn of
 * the event loop at most, in which a body that is whole comes.
 */
export async function peekBody(response: Response, enough: number): Promise<Response> {
  const { body, headers } = response;
  if (body === null || response.bodyUsed || body.locked || headers.has("content-length"))
    return response;
  const reader: Reader = body.getReader();
  const seen: Uint8Array[] = [];
  let size = 0;
  const turn = nextTurn();
  while (size < enough && seen.length < MOST_PIECES) {
    const pending = reader.read();
    pending.catch(() => {}); // whoever reads the rest is told
    const step = await Promise.race([pending, turn]).catch(() => undefined);
    if (step === undefined) return withBody(response, rest(seen, pending, reader));
    if (step.done) return whole(response, seen, size);
    seen.push(step.value);
    if (!(step.value instanceof Uint8Array)) break; // whoever reads it has to know what to do
    size += step.value.byteLength;
  }
  return withBody(response, rest(seen, undefined, reader));
}

function whole(response: Response, parts: readonly Uint8Array[], size: number): Response {
  const answer = withBody(response, new Uint8Array(Buffer.concat(parts, size)));
  answer.headers.set("content-length", String(size));
  return answer;
}

/** The body from its begin, after some of it was read. */
function rest(
  seen: Uint8Array[],
  pending: ReturnType<Reader["read"]> | undefined,
  reader: Reader,
): ReadableStream<Uint8Array> {
  let next = pending;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = seen.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        const step = await (next ?? reader.read());
        next = undefined;
        if (step.done) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function withBody(
  { status, statusText, headers }: Response,
  body: ReadableStream | Uint8Array<ArrayBuffer>,
): Response {
  return new Response(body, { status, statusText, headers });
}
