import { randomInt } from "node:crypto";

/** FLG.FNAME: a file name follows the header (RFC 1952 2.3.1). */
const FNAME = 0x08;
/** OS: unknown. */
const UNKNOWN = 0xff;

/**
 * The header of a gzip member (RFC 1952 2.3), with a file name of random length up to `longest` bytes. Where a response
 * repeats what the request said beside a secret, the length of the compressed body tells about the secret (BREACH, CVE-2013-3587); a
 * random length hides it in noise ("Heal the Breach", 2022). Django does the same.
 */
export function gzipHeader(longest: number): Uint8Array {
  const head = [0x1f, 0x8b, 0x08, longest > 0 ? FNAME : 0, 0, 0, 0, 0, 0, UNKNOWN];
  if (longest === 0) return Uint8Array.from(head);
  const name = head.length + randomInt(longest + 1);
  const header = new Uint8Array(name + 1).fill(0x61, head.length, name);
  header.set(head);
  return header;
}

/** The trailer of a gzip member: CRC-32 and length of the plain bytes, both modulo 2 ** 32. */
export function gzipTrailer(crc: number, size: number): Uint8Array {
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, size % 2 ** 32, true);
  return new Uint8Array(trailer.buffer);
}
