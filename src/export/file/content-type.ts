/** Of compressed files the type is that of the compression: as a content coding, it would be undone on the way. */
const types: ReadonlyMap<string, string> = new Map([
  ["br", "application/x-brotli"],
  ["jsonl", "application/x-ndjson"],
  ["ndjson", "application/x-ndjson"],
  ["parquet", "application/vnd.apache.parquet"],
  ["svgz", "application/gzip"],
  ["tbz2", "application/x-bzip2"],
  ["tgz", "application/gzip"],
  ["txz", "application/x-xz"],
  ["z", "application/x-compress"],
  ["zst", "application/zstd"],
]);

/** The Content-Type of a file by its name; `application/octet-stream` without one that says something. */
export async function contentTypeOf(name: string | undefined): Promise<string> {
  const extension = /\.([^./\\]+)$/.exec(name ?? "")?.[1]?.toLowerCase() ?? "";
  const { lookup } = await import("mime-types"); // with the first file: reading its table takes 15 ms
  const type = types.get(extension) ?? (lookup(extension) || "application/octet-stream");
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type;
}
