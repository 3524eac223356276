import type { CodingName } from "./codings.ts";

/** Fields about the bytes as they were before the coding; all but the last two of the representation (RFC 9110 8). */
const aboutTheBytes = [
  ...["content-length", "content-md5", "digest", "repr-digest", "content-digest"],
  "accept-ranges",
];

/** The head of the coded response. */
export function codedHeaders(response: Response, coding: CodingName): Headers {
  const headers = new Headers(response.headers);
  headers.set("content-encoding", coding);
  addVary(headers);
  for (const name of aboutTheBytes) headers.delete(name);
  const etag = headers.get("etag");
  if (etag?.startsWith('"')) headers.set("etag", `W/${etag}`); // RFC 9110 8.8.3.3: not the same bytes any more
  return headers;
}

/** Caches must not give this response to a client that would get another one. */
export function withVary(response: Response): Response {
  try {
    addVary(response.headers);
    return response;
  } catch {
    // What `fetch` returned has headers that nobody can change.
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    addVary(headers);
    return new Response(response.body, { status, statusText, headers });
  }
}

function addVary(headers: Headers): void {
  const vary = headers.get("vary") ?? "";
  if (/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(vary)) return;
  headers.append("vary", "Accept-Encoding");
}
