import Negotiator from "negotiator";

/** A format that `exportRows` knows. */
export type RowsFormat = "csv" | "ndjson" | "json" | "xlsx";

interface KnownAs {
  /** Media types; the first one is the format's own, the others are what clients call it. */
  readonly types: readonly string[];
  readonly extensions: readonly string[];
}

const formats: Record<RowsFormat, KnownAs> = {
  csv: { types: ["text/csv; charset=utf-8"], extensions: ["csv"] },
  ndjson: {
    types: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
    extensions: ["ndjson", "jsonl"],
  },
  json: { types: ["application/json; charset=utf-8"], extensions: ["json"] },
  xlsx: {
    types: ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    extensions: ["xlsx"],
  },
};

export const allFormats: readonly RowsFormat[] = ["csv", "ndjson", "json", "xlsx"];

/** The format that the path of a URL ends with, if it is among `offered`. */
export function formatOfPath(url: string, offered: readonly RowsFormat[]): RowsFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(new URL(url).pathname)?.[1]?.toLowerCase() ?? "";
  return offered.find((name) => formats[name].extensions.includes(extension));
}

/**
 * The format that an Accept header likes best, and of those it likes equally the first of `offered` (RFC 9110 12.5.1); undefined
 * when it takes none of them. No header, or one that says nothing, takes everything.
 */
export function formatOfAccept(
  accept: string | null,
  offered: readonly RowsFormat[],
): RowsFormat | undefined {
  if (accept === null || accept.trim() === "") return offered[0];
  const types = offered.flatMap((name) => formats[name].types);
  const best = new Negotiator({ headers: { accept } }).mediaType(types) ?? "";
  return offered.find((name) => formats[name].types.includes(best));
}

/** A file name with the extension of a format, in place of that of another one. */
export function withExtension<Name>(filename: Name, format: RowsFormat): Name | string {
  if (typeof filename !== "string" || filename === "") return filename; // an error, if it is one, that others tell
  return `${filename.replace(/\.(?:csv|ndjson|jsonl|json|xlsx)$/i, "")}.${format}`;
}

/** The answer to a request that takes none of the formats there are (RFC 9110 15.5.7). */
export function notAcceptable(offered: readonly RowsFormat[], given: Headers): Response {
  const headers = new Headers(given);
  headers.set("content-type", "text/plain; charset=utf-8");
  headers.set("cache-control", "no-store");
  const types = offered.map((name) => formats[name].types[0]?.split(";")[0]);
  return new Response(`Ask for one of these types:\n${types.join("\n")}\n`, {
    status: 406,
    headers,
  });
}
