import { MillraceError } from "./errors.ts";

const encoder = new TextEncoder();

/**
 * Bytes without a meaning, by media type: an SSE comment (WHATWG HTML 9.2.6), an HTML comment, the white space that
 * JSON allows around a value (RFC 8259 2).
 */
const heartbeats: readonly { matches: RegExp; bytes: Uint8Array }[] = [
  { matches: /^text\/event-stream$/, bytes: encoder.encode(":\n\n") },
  { matches: /^text\/html$/, bytes: encoder.encode("<!-- -->") },
  { matches: /^application\/(json|[^;\s]+\+json)$/, bytes: encoder.encode(" ") },
];

/**
 * What a heartbeat sends in this content type.
 *
 * @throws MillraceError `HEARTBEAT_UNSUPPORTED` when the type has no such bytes: a CSV file with something added to it
 * is another CSV file.
 */
export function heartbeatFor(contentType: string): Uint8Array {
  const mediaType = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const found = heartbeats.find(({ matches }) => matches.test(mediaType));
  if (found !== undefined) return found.bytes;
  throw new MillraceError(
    "HEARTBEAT_UNSUPPORTED",
    `${mediaType === "" ? "A response without a Content-Type" : mediaType} has no bytes without a meaning, so a heartbeat would change the data. ` +
      "It exists for text/event-stream, text/html and JSON; for this type raise the idle limit of the proxy.",
  );
}
