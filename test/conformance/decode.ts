import type { Transform } from "node:stream";
import * as zlib from "node:zlib";

import type { CodingName } from "millrace/compress";

/** What came of a body, decoded. */
interface Decoded {
  readonly body: Buffer;
  /** Whether the coding came to its end: it has one of its own, besides that of the message. Undefined when nobody knows. */
  readonly ended: boolean | undefined;
}

const { constants } = zlib;

const decoders = {
  gzip: {
    decode: zlib.gunzipSync,
    createDecoder: zlib.createGunzip,
    finishFlush: constants.Z_SYNC_FLUSH,
  },
  br: {
    decode: zlib.brotliDecompressSync,
    createDecoder: zlib.createBrotliDecompress,
    finishFlush: constants.BROTLI_OPERATION_FLUSH,
  },
  zstd: {
    decode: zlib.zstdDecompressSync,
    createDecoder: zlib.createZstdDecompress,
    finishFlush: constants.ZSTD_e_flush,
  },
};

/**
 * Decodes as much of a body as came; without a coding it is that.
 *
 * @throws when it is not in that coding, or not what its checksum says.
 */
export function decode(body: Buffer, coding: CodingName | undefined): Decoded {
  if (coding === undefined) return { body, ended: undefined };
  const { decode: decodeAll, finishFlush } = decoders[coding];
  try {
    return { body: decodeAll(body), ended: endOf(coding) };
  } catch (error) {
    if ((error as { code?: string }).code !== "Z_BUF_ERROR") throw error; // all errors of zlib have one
    return { body: decodeAll(body, { finishFlush }), ended: false };
  }
}

/** What is known of the end of a coding whose decoder has not complained: that of zstd in Node 22 misses no end. */
export function endOf(coding: CodingName | undefined): true | undefined {
  const tells = coding !== "zstd" || !process.version.startsWith("v22.");
  return coding !== undefined && tells ? true : undefined;
}

/** A stream that decodes what it is given as it comes, and fails when it ends before the coding. */
export function createDecoder(coding: CodingName): Transform {
  return decoders[coding].createDecoder();
}
