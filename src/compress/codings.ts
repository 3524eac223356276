import * as zlib from "node:zlib";

import type { Coder, CoderClient } from "./coder.ts";
import { GzipCoder } from "./gzip-coder.ts";
import { compressorOptions, StreamCoder } from "./stream-coder.ts";

/** The content codings there are (RFC 9110 8.4.1, RFC 7932, RFC 8878). */
export type CodingName = "gzip" | "br" | "zstd";

/** How hard each coding tries. */
export interface CodingLevels {
  /** Level of gzip, 1 to 9. Default 3; what comes in small pieces is coded with 6 at no cost. */
  gzip?: number | undefined;
  /** Quality of brotli, 0 to 11. Default 3; with 0 and 1 a chunk gains nothing from those that were flushed before it. */
  br?: number | undefined;
  /** Level of zstd, 1 to 22. Default 1. */
  zstd?: number | undefined;
}

const { constants } = zlib;

/** Windows as powers of 2, which bound what a stream holds: 256 KiB and 128 KiB. By default they are 4 MiB and 512 KiB. */
const BROTLI_WINDOW = 18;
const ZSTD_WINDOW = 17;

/** The codings that this runtime has: zstd came with Node 22.15. */
export const available: readonly CodingName[] =
  typeof zlib.createZstdCompress === "function" ? ["zstd", "br", "gzip"] : ["br", "gzip"];

/** What each level may be. */
export const levelRanges: Readonly<Record<CodingName, readonly [number, number]>> = {
  gzip: [1, 9],
  br: [0, 11],
  zstd: [1, 22],
};

/** Makes the coder of one response. */
export function createCoder(
  name: CodingName,
  levels: CodingLevels,
  randomBytes: number,
  client: CoderClient,
): Coder {
  if (name === "gzip") return new GzipCoder({ level: levels.gzip ?? 3, randomBytes }, client);
  if (name === "br") {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: levels.br ?? 3,
      [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW,
    };
    const compressor = zlib.createBrotliCompress({ ...compressorOptions, params });
    return new StreamCoder(compressor, constants.BROTLI_OPERATION_FLUSH, client);
  }
  const params = {
    [constants.ZSTD_c_compressionLevel]: levels.zstd ?? 1,
    [constants.ZSTD_c_windowLog]: ZSTD_WINDOW,
  };
  const compressor = zlib.createZstdCompress({ ...compressorOptions, params });
  return new StreamCoder(compressor, constants.ZSTD_e_flush, client);
}
