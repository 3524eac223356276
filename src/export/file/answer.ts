import {
  StreamingHttpResponse,
  type StreamingHttpResponseInit,
} from "../../response/streaming-http-response.ts";
import { allowsRange, checkConditions, type Field } from "./conditions.ts";
import type { Content, FileBytes } from "./content.ts";
import { joinParts } from "./multipart.ts";
import { contentRange, parseRange, type ByteRange } from "./ranges.ts";

/** As much of a request as `file()` looks at: a web `Request` has it, and so has a request of `node:http`. */
export interface FileRequest {
  readonly method?: string | undefined;
  readonly headers: Headers | { readonly [name: string]: string | readonly string[] | undefined };
}

export interface AnswerOptions extends Pick<StreamingHttpResponseInit, "limits" | "onClose"> {
  readonly request?: FileRequest | undefined;
}

/** Answers a request with all of a content, with parts of it or with none; `headers` are those that all of it has. */
export function answer(
  content: Content,
  headers: Headers,
  { request, limits, onClose }: AnswerOptions,
): StreamingHttpResponse {
  const { status, read } = choose(content, headers, request);
  if (read === undefined) content.close();
  const response = new StreamingHttpResponse(read ?? [], {
    status,
    headers,
    limits,
    onClose(outcome) {
      content.close();
      return onClose?.(outcome);
    },
  });
  // The defaults are those of a page that is made bit by bit; a proxy may collect a file as it likes.
  for (const name of ["content-type", "x-accel-buffering"]) {
    if (!headers.has(name)) response.headers.delete(name);
  }
  return response;
}

interface Choice {
  readonly status: number;
  /** Undefined when there is no body. */
  readonly read?: () => FileBytes;
}

/** Says what is sent, and makes `headers` those of just that. */
function choose(content: Content, headers: Headers, request: FileRequest | undefined): Choice {
  const field = fieldsOf(request);
  const status = checkConditions(field, headers);
  if (status !== undefined) return withoutBody(status, headers);

  const { size } = content;
  if (size !== undefined) headers.set("content-length", String(size));
  if (request?.method === "HEAD") return { status: 200 };
  if (size === undefined) return { status: 200, read: () => content.read(0, Infinity) };

  const ranges = rangesOf(field, headers, size);
  if (ranges === undefined) return { status: 200, read: () => content.read(0, size) };
  const [range, ...others] = ranges;
  if (range === undefined) {
    headers.set("content-range", `bytes */${size}`);
    return withoutBody(416, headers);
  }
  if (others.length === 0) {
    const { start, end } = range;
    headers.set("content-range", contentRange(range, size));
    headers.set("content-length", String(end - start));
    return { status: 206, read: () => content.read(start, end) };
  }
  const { contentType, length, read } = joinParts(
    content,
    ranges,
    headers.get("content-type") ?? "",
    size,
  );
  headers.set("content-type", contentType);
  headers.set("content-length", String(length));
  return { status: 206, read };
}

function rangesOf(field: Field, headers: Headers, size: number): ByteRange[] | undefined {
  const range = field("range");
  if (range === undefined || headers.get("accept-ranges") !== "bytes") return undefined;
  return allowsRange(field, headers) ? parseRange(range, size) : undefined;
}

/** Of other methods none counts: what they get is not what their conditions are about. */
function fieldsOf(request: FileRequest | undefined): Field {
  if (request === undefined || !/^(?:GET|HEAD)$/.test(request.method ?? "GET"))
    return () => undefined;
  const { headers } = request;
  if (isHeaders(headers)) return (name) => headers.get(name) ?? undefined;
  return (name) => headers[name]?.toString(); // Node makes a list of none of these
}

/** Those of another realm or library are no instances of ours. */
function isHeaders(headers: FileRequest["headers"]): headers is Headers {
  return typeof headers.get === "function";
}

const aboutTheBody = ["disposition", "encoding", "language", "length", "type"];

/** A 304 leaves out what the client has (RFC 9110 15.4.5). A cache that is told to keep files is not to keep a refusal. */
function withoutBody(status: 304 | 412 | 416, headers: Headers): Choice {
  for (const part of aboutTheBody) headers.delete(`content-${part}`);
  if (status !== 304) {
    for (const name of ["etag", "expires", "last-modified"]) headers.delete(name);
    headers.set("cache-control", "no-store");
    headers.set("content-length", "0");
  }
  return { status };
}
