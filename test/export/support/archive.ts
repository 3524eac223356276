import { python } from "./python.ts";

/** One entry as Python's zipfile sees it. */
export interface SeenEntry {
  readonly name: string;
  readonly size: number;
  readonly compressed: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  /** Seconds are even. */
  readonly modified: string;
  readonly comment: string;
  /** Base 64 of what it holds; its checksum was compared. */
  readonly data: string;
}

const program = `
import base64, io, json, sys, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
print(json.dumps([{
    "name": entry.filename,
    "size": entry.file_size,
    "compressed": entry.compress_size,
    "method": entry.compress_type,
    "modified": "%04d-%02d-%02dT%02d:%02d:%02d" % entry.date_time,
    "comment": entry.comment.decode(),
    "data": base64.b64encode(archive.read(entry)).decode(),
} for entry in archive.infolist()]))
`;

/**
 * Opens a ZIP archive with Python's zipfile, which compares headers and checksums.
 *
 * @throws what Python says about an archive that it does not accept.
 */
export function openArchive(archive: Uint8Array): Promise<SeenEntry[]> {
  return python<SeenEntry[]>(program, archive);
}

/** What an entry holds. */
export function textOf({ data }: Pick<SeenEntry, "data">): string {
  return Buffer.from(data, "base64").toString();
}

/** All that an async iterable of bytes yields. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
