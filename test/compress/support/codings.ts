import * as zlib from "node:zlib";

import type { CodingName } from "millrace/compress";

export const codings: readonly CodingName[] = ["gzip", "br", "zstd"];

/** The whole of what was coded. Bytes that end before the coding does are an error. */
export function decode(coding: string, bytes: Uint8Array): Buffer {
  if (coding === "gzip") return zlib.gunzipSync(bytes);
  return coding === "br" ? zlib.brotliDecompressSync(bytes) : zlib.zstdDecompressSync(bytes);
}

/** A decoder that gives what there is as soon as it is there. */
export function createDecoder(coding: string): NodeJS.ReadWriteStream & { destroy(): void } {
  if (coding === "gzip") return zlib.createGunzip();
  return coding === "br" ? zlib.createBrotliDecompress() : zlib.createZstdDecompress();
}

/** What a coding that is cut lets a reader have, and whether the decoder took it for whole. */
export async function decodeCut(
  coding: string,
  bytes: Uint8Array,
): Promise<{ text: string; whole: boolean }> {
  const decoder = createDecoder(coding);
  let text = "";
  decoder.on("data", (part: Buffer) => (text += part.toString()));
  const whole = await new Promise<boolean>((resolve) => {
    decoder.on("end", () => resolve(true));
    decoder.on("error", () => resolve(false));
    decoder.end(bytes);
  });
  return { text, whole };
}
