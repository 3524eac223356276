import * as zlib from "node:zlib";

/** How the pages of a Parquet file are compressed. */
export type ParquetCodec = "zstd" | "snappy" | "gzip" | "none";

/** The fastest level of each: the event loop waits for it, and higher ones gain a few percent. */
const zstdLevel = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };

/** Names and compressors as the library wants them; it brings snappy itself. */
export const codecNames: Readonly<
  Record<ParquetCodec, "ZSTD" | "SNAPPY" | "GZIP" | "UNCOMPRESSED">
> = {
  zstd: "ZSTD",
  snappy: "SNAPPY",
  gzip: "GZIP",
  none: "UNCOMPRESSED",
};

export const compressors: Record<"GZIP" | "ZSTD", (page: Uint8Array) => Uint8Array> = {
  GZIP: (page) => zlib.gzipSync(page, { level: 1 }),
  ZSTD: (page) => zlib.zstdCompressSync(page, zstdLevel),
};
