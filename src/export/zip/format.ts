/**
 * The records of a ZIP archive, as APPNOTE 6.3.10 describes them. All numbers are little-endian (4.4.1.1).
 */

/** How the bytes of an entry are written: as they are, or deflated (4.4.5). */
export const STORED = 0;
export const DEFLATED = 8;

/** What the records say about one entry. */
export interface EntryRecord {
  readonly name: Uint8Array;
  readonly comment: Uint8Array;
  readonly modified: Date;
  readonly method: typeof STORED | typeof DEFLATED;
  /** Whether checksum and sizes come behind the data, as nobody knew them before (4.3.9). */
  readonly streamed: boolean;
  /** Version of the format that a reader needs (4.4.3): 20, or 45 where an entry of 4 GiB may come. */
  readonly version: number;
  /** Where its local header begins in the archive. */
  readonly offset: number;
  crc: number;
  size: number;
  compressedSize: number;
}

/** From here on a number is in a ZIP64 field, and this stands in the old one (4.4.1.4). */
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;
const ZIP64_VERSION = 45;
/** Unix, so that the permissions below count (4.4.2), and 6.3 of the specification. */
const MADE_BY = (3 << 8) | 63;
/** A plain file that its owner can write and everybody read: `-rw-r--r--`. */
const ATTRIBUTES = 0o100644 * 2 ** 16;

/** Names and comments are UTF-8 (4.4.4, bit 11); sizes come later (bit 3). */
const UTF_8 = 1 << 11;
const STREAMED = 1 << 3;

/** What begins an entry (4.3.7). */
export function localHeader(entry: EntryRecord): Uint8Array {
  const extra = timestamp(entry.modified);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, entry);
  if (!entry.streamed) writeSizes(header, 14, entry);
  header.writeUInt16LE(entry.name.byteLength, 26);
  header.writeUInt16LE(extra.byteLength, 28);
  return Buffer.concat([header, entry.name, extra]);
}

/** What ends a streamed entry (4.3.9): with sizes of 8 bytes once one of them needs it, as readers of streams expect. */
export function dataDescriptor(entry: EntryRecord): Uint8Array {
  if (!isLarge(entry)) {
    const descriptor = Buffer.alloc(16);
    descriptor.writeUInt32LE(0x08074b50, 0);
    writeSizes(descriptor, 4, entry);
    return descriptor;
  }
  const descriptor = Buffer.alloc(24);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(entry.crc, 4);
  writeUInt64(descriptor, 8, entry.compressedSize);
  writeUInt64(descriptor, 16, entry.size);
  return descriptor;
}

/** An entry in the directory at the end of the archive (4.3.12). */
export function directoryHeader(entry: EntryRecord): Uint8Array {
  const large = isLarge(entry) || entry.offset >= MAX_32;
  const extra = Buffer.concat([timestamp(entry.modified), large ? zip64Extra(entry) : empty]);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(MADE_BY, 4);
  writeCommon(header, 6, large ? { ...entry, version: ZIP64_VERSION } : entry);
  writeSizes(header, 16, entry);
  header.writeUInt16LE(entry.name.byteLength, 28);
  header.writeUInt16LE(extra.byteLength, 30);
  header.writeUInt16LE(entry.comment.byteLength, 32);
  header.writeUInt32LE(ATTRIBUTES, 38);
  header.writeUInt32LE(Math.min(entry.offset, MAX_32), 42);
  return Buffer.concat([header, entry.name, extra, entry.comment]);
}

/** The directory as its end describes it. */
export interface DirectoryRecord {
  readonly entries: number;
  readonly size: number;
  /** Where it begins in the archive. */
  readonly offset: number;
}

/** The end of the archive (4.3.16), behind its ZIP64 form where a number needs that (4.3.14, 4.3.15). */
export function endOfDirectory({ entries, size, offset }: DirectoryRecord): Uint8Array {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries, MAX_16), 8);
  end.writeUInt16LE(Math.min(entries, MAX_16), 10);
  end.writeUInt32LE(Math.min(size, MAX_32), 12);
  end.writeUInt32LE(Math.min(offset, MAX_32), 16);
  if (entries < MAX_16 && size < MAX_32 && offset < MAX_32) return end;
  const zip64 = Buffer.alloc(56);
  zip64.writeUInt32LE(0x06064b50, 0);
  writeUInt64(zip64, 4, zip64.byteLength - 12);
  zip64.writeUInt16LE(MADE_BY, 12);
  zip64.writeUInt16LE(ZIP64_VERSION, 14);
  writeUInt64(zip64, 24, entries);
  writeUInt64(zip64, 32, entries);
  writeUInt64(zip64, 40, size);
  writeUInt64(zip64, 48, offset);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  writeUInt64(locator, 8, offset + size);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([zip64, locator, end]);
}

const empty = Buffer.alloc(0);

function isLarge({ size, compressedSize }: EntryRecord): boolean {
  return size >= MAX_32 || compressedSize >= MAX_32;
}

/** What local and directory headers have in common. */
function writeCommon(header: Buffer, at: number, entry: EntryRecord): void {
  header.writeUInt16LE(entry.version, at);
  header.writeUInt16LE(UTF_8 | (entry.streamed ? STREAMED : 0), at + 2);
  header.writeUInt16LE(entry.method, at + 4);
  header.writeUInt32LE(dosTime(entry.modified), at + 6);
}

function writeSizes(header: Buffer, at: number, entry: EntryRecord): void {
  header.writeUInt32LE(entry.crc, at);
  header.writeUInt32LE(Math.min(entry.compressedSize, MAX_32), at + 4);
  header.writeUInt32LE(Math.min(entry.size, MAX_32), at + 8);
}

/** Those numbers that their fields of 32 bits do not hold, in this order (4.5.3). */
function zip64Extra({ size, compressedSize, offset }: EntryRecord): Uint8Array {
  const numbers = [size, compressedSize, offset].filter((number) => number >= MAX_32);
  const extra = Buffer.alloc(4 + 8 * numbers.length);
  extra.writeUInt16LE(0x0001, 0);
  extra.writeUInt16LE(8 * numbers.length, 2);
  numbers.forEach((number, index) => writeUInt64(extra, 4 + 8 * index, number));
  return extra;
}

function writeUInt64(buffer: Buffer, at: number, value: number): void {
  buffer.writeBigUInt64LE(BigInt(value), at);
}

const FIRST_DATE = Date.UTC(1980, 0, 1);
const LAST_DATE = Date.UTC(2107, 11, 31, 23, 59, 58);

/** Date and time in MS-DOS form, to 2 s (4.4.6). It has no zone; of a server's zone nobody knows, so it is UTC. */
function dosTime(modified: Date): number {
  const date = new Date(Math.min(Math.max(modified.getTime(), FIRST_DATE), LAST_DATE));
  const day =
    ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  const time =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  return day * 2 ** 16 + time;
}

/** The extended timestamp of Info-ZIP, which is UTC by definition: tools that know it show the right local time. */
function timestamp(modified: Date): Uint8Array {
  const seconds = Math.floor(modified.getTime() / 1000);
  if (seconds !== (seconds | 0)) return empty; // beyond 1901 to 2038 there is only the other one
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x5455, 0);
  extra.writeUInt16LE(5, 2);
  extra.writeUInt8(1, 4);
  extra.writeInt32LE(seconds, 5);
  return extra;
}
