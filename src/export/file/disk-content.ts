import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";

import { MillraceError } from "../../response/errors.ts";
import type { Content } from "./content.ts";

/** Bytes of one read. There are two buffers of this size for each reader: one is filled while the other one is sent. */
const READ = 128 * 1024;

/** A file that changed this few ms ago may change again and keep its times: some file systems count them in 2 s. */
const UNCERTAIN = 2_000;

/** Where the descriptor is closed of a content that was dropped unread. */
const dropped = new FinalizationRegistry<FileHandle>(closeHandle);

export interface DiskOptions {
  readonly path?: string | undefined;
  /** The first byte that counts. */
  readonly from: number;
}

/** A regular file on a disk, open. Whoever reads has this object, so that the descriptor is closed when nobody has it. */
export class DiskContent implements Content {
  readonly size: number;
  readonly name: string | undefined;
  readonly etag: string;
  readonly modified: number;
  readonly #handle: FileHandle;
  readonly #from: number;

  /** @throws MillraceError `OPTION_INVALID` */
  constructor(handle: FileHandle, stat: BigIntStats, { path, from }: DiskOptions) {
    this.size = Number(stat.size) - from;
    if (this.size < 0) {
      const message = `start is ${from}, but the file has only ${stat.size} bytes.`;
      throw new MillraceError("OPTION_INVALID", message);
    }
    this.name = path === undefined ? undefined : basename(path);
    this.etag = tagOf(stat, from);
    this.modified = Number(stat.mtimeMs);
    this.#handle = handle;
    this.#from = from;
    dropped.register(this, handle, this);
  }

  /** A buffer is filled again once the one after it has been asked for. */
  async *read(start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    let position = this.#from + start;
    const last = this.#from + end;
    const length = Math.min(READ, last - position);
    let spare: Buffer | undefined;
    let filling = this.#fill(Buffer.allocUnsafeSlow(length), position, last);
    while (position < last) {
      const { bytesRead, buffer } = await filling;
      if (bytesRead === 0) throw becameShorter(last - position);
      position += bytesRead;
      if (position < last)
        filling = this.#fill(spare ?? Buffer.allocUnsafeSlow(length), position, last);
      spare = buffer;
      yield buffer.subarray(0, bytesRead);
    }
  }

  close(): void {
    dropped.unregister(this);
    closeHandle(this.#handle);
  }

  #fill(buffer: Buffer, position: number, last: number): Promise<FilledBuffer> {
    const length = Math.min(buffer.length, last - position);
    const filling = this.#handle.read(buffer, 0, length, position);
    filling.catch(() => {}); // who has left meanwhile does not ask for it
    return filling;
  }
}

interface FilledBuffer {
  readonly bytesRead: number;
  readonly buffer: Buffer;
}

function becameShorter(lacking: number): MillraceError {
  const message = `The file became shorter while it was sent: its last ${lacking} bytes are not there any more.`;
  return new MillraceError("LENGTH_MISMATCH", message);
}

/**
 * A strong tag (RFC 9110 8.8.1): no write leaves all of size, time of modification and time of change as they were, whatever
 * sets the former back afterwards. Right after a write it is weak, since there could be another one within the same tick.
 */
function tagOf({ size, mtimeNs, ctimeNs, ctimeMs }: BigIntStats, from: number): string {
  const opaque = [size, mtimeNs, ctimeNs, from].map((number) => number.toString(36)).join("-");
  const certain = Date.now() - Number(ctimeMs) > UNCERTAIN;
  return `${certain ? "" : "W/"}"${opaque}"`;
}

/** Once more is no mistake; a read under way is waited for. What cannot be closed has nobody to tell. */
function closeHandle(handle: FileHandle): void {
  handle.close().catch(() => {});
}
