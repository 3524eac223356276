import { gunzipSync, zstdDecompressSync } from "node:zlib";

import { parquetMetadata, parquetReadObjects, type FileMetaData } from "hyparquet";

/** A Parquet file as hyparquet sees it. */
export interface SeenFile {
  readonly rows: Record<string, unknown>[];
  readonly metadata: FileMetaData;
}

/**
 * Reads a Parquet file with hyparquet. Decimals come as their integers or bytes if they are `unscaled`: it would make doubles
 * of them.
 *
 * @throws what hyparquet says about a file that it does not accept.
 */
export async function readParquet(bytes: Uint8Array, { unscaled = false } = {}): Promise<SeenFile> {
  const file = new Uint8Array(bytes).buffer;
  const metadata = parquetMetadata(file);
  if (unscaled) {
    for (const element of metadata.schema) {
      if (element.converted_type === "DECIMAL") {
        delete element.converted_type;
        delete element.logical_type;
      }
    }
  }
  const compressors = {
    ZSTD: (page: Uint8Array) => zstdDecompressSync(page),
    GZIP: (page: Uint8Array) => gunzipSync(page),
  };
  return {
    rows: await parquetReadObjects({ file, metadata, compressors, utf8: false }),
    metadata,
  };
}
