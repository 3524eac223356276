/**
 * The app that every host of the suite serves: one route for each kind of source, and a probe that says what became of it.
 *
 * It runs unchanged on Node, Bun, Deno and workerd and as a Next.js route handler, so it imports nothing but `millrace`.
 * The route is the last segment of the path, so a host may mount it anywhere. `?probe=id` names the record of the runs,
 * which `/probe?probe=id` answers as JSON.
 */
import {
  StreamingHttpResponse,
  type Chunk,
  type ResponseLimits,
  type StreamingHttpResponseInit,
} from "millrace";

import { recordOf, track, type ProbeRecord } from "./probe.ts";
import { sources, type Visit } from "./sources.ts";

/** The fetch function of the app. */
export function fetch(request: Request): Response {
  const url = new URL(request.url);
  const query = url.searchParams;
  const record = recordOf(query.get("probe") ?? "anonymous");
  const route = url.pathname.split("/").at(-1) ?? "";
  if (route === "probe") return Response.json(record);
  if (route === "ack") {
    record.acknowledged += 1;
    return Response.json(record);
  }
  if (route === "whole") return new Response("whole\n");
  const source = sources[route];
  if (source === undefined) return new Response(`no route ${route}\n`, { status: 404 });
  return respond(source.run, record, query, source.init);
}

export const app: { fetch(request: Request): Response } = { fetch };

/** The limits that a request may ask for: `?idle=300`. */
const limitNames = ["firstChunk", "idle", "total", "stalled"] as const;

function respond(
  run: (visit: Visit) => AsyncGenerator<Chunk> | Generator<Chunk>,
  record: ProbeRecord,
  query: URLSearchParams,
  init: StreamingHttpResponseInit = {},
): Response {
  const limits: ResponseLimits = {};
  for (const name of limitNames) {
    const value = query.get(name);
    if (value !== null) limits[name] = Number(value);
  }
  return new StreamingHttpResponse(
    ({ signal }) => {
      record.started += 1;
      if (query.has("track")) track(signal);
      signal.addEventListener("abort", () => (record.aborted += 1));
      const chunks = run({ query, record, signal });
      return Symbol.iterator in chunks ? recordSync(chunks, record) : recordAsync(chunks, record);
    },
    {
      contentType: "text/plain; charset=utf-8",
      ...init,
      limits,
      onClose: ({ type }) => record.outcomes.push(type),
    },
  );
}

async function* recordAsync(
  chunks: AsyncGenerator<Chunk>,
  record: ProbeRecord,
): AsyncGenerator<Chunk> {
  try {
    for await (const chunk of chunks) {
      count(chunk, record);
      yield chunk;
    }
  } finally {
    record.finished += 1;
  }
}

function* recordSync(chunks: Generator<Chunk>, record: ProbeRecord): Generator<Chunk> {
  try {
    for (const chunk of chunks) {
      count(chunk, record);
      yield chunk;
    }
  } finally {
    record.finished += 1;
  }
}

function count(chunk: Chunk, record: ProbeRecord): void {
  record.chunks += 1;
  record.bytes += chunk.length; // the texts here are ASCII
}
