import { constants, createDeflateRaw, deflateRawSync, type DeflateRaw } from "node:zlib";

import { FULL } from "../../response/batch.ts";

/** What a coder tells the entry that it works for. */
export interface CoderClient {
  /** Bytes for the archive. */
  push(bytes: Uint8Array): void;
  /** It may be no longer `busy`. */
  coded(): void;
  /** After `end()`: everything has been pushed. */
  ended(): void;
  broken(error: unknown): void;
}

/** Turns the bytes of one entry into deflate (RFC 1951). */
export interface EntryCoder {
  /** Enough is on its way. */
  readonly busy: boolean;
  write(bytes: Uint8Array): void;
  /** Pushes what it has held back. */
  flush(): void;
  end(): void;
  /** Gives its memory back. Nothing is pushed any more. */
  close(): void;
}

export function createCoder(level: number, client: CoderClient): EntryCoder {
  return level === 0 ? new BlockCoder(client) : new DeflateCoder(level, client);
}

/** Up to so many bytes are compressed here and at once: a thread would cost ten times as much. */
export const SMALL: number = 16 * 1024;

export function deflateSmall(bytes: Uint8Array, level: number): Uint8Array {
  return deflateRawSync(bytes, { level, chunkSize: Math.max(1024, bytes.byteLength) });
}

/** Compresses on a thread of `node:zlib`, while the next bytes are made here; an entry that stays small needs none. */
class DeflateCoder implements EntryCoder {
  readonly #level: number;
  readonly #client: CoderClient;
  /** What there is while it is little. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #deflate: DeflateRaw | undefined;

  constructor(level: number, client: CoderClient) {
    this.#level = level;
    this.#client = client;
  }

  get busy(): boolean {
    return this.#deflate?.writableNeedDrain ?? false;
  }

  write(bytes: Uint8Array): void {
    if (this.#deflate !== undefined || this.#heldBytes + bytes.byteLength > SMALL) {
      this.#open().write(bytes);
    } else {
      this.#held.push(bytes);
      this.#heldBytes += bytes.byteLength;
    }
  }

  flush(): void {
    this.#open().flush(constants.Z_SYNC_FLUSH);
  }

  end(): void {
    if (this.#deflate !== undefined) {
      this.#deflate.end();
    } else {
      this.#client.push(deflateSmall(Buffer.concat(this.#held), this.#level));
      this.#client.ended();
    }
  }

  close(): void {
    this.#deflate?.removeAllListeners("data").removeAllListeners("drain").removeAllListeners("end");
    this.#deflate?.destroy();
  }

  #open(): DeflateRaw {
    if (this.#deflate !== undefined) return this.#deflate;
    // Two batches: one is compressed, one waits. (The types of node:zlib do not know the options of a Transform.)
    const options = { level: this.#level, chunkSize: FULL, writableHighWaterMark: 2 * FULL };
    const deflate = createDeflateRaw(options);
    deflate.on("data", (bytes: Uint8Array) => this.#client.push(bytes));
    deflate.on("drain", () => this.#client.coded());
    deflate.on("end", () => this.#client.ended());
    deflate.on("error", (error) => this.#client.broken(error));
    for (const bytes of this.#held) deflate.write(bytes);
    this.#held = [];
    this.#deflate = deflate;
    return deflate;
  }
}

/** Longest block that is stored, in bytes (RFC 1951 3.2.4). */
const LONGEST_BLOCK = 0xffff;

/**
 * Compresses nothing: blocks that deflate stores. A ZIP entry that is "stored" as such has no end that a reader of a stream
 * could see before the size, and some refuse it (`java.util.zip.ZipInputStream`).
 */
class BlockCoder implements EntryCoder {
  readonly busy = false;
  readonly #client: CoderClient;

  constructor(client: CoderClient) {
    this.#client = client;
  }

  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.byteLength; from += LONGEST_BLOCK) {
      const block = bytes.subarray(from, from + LONGEST_BLOCK);
      this.#client.push(blockHeader(block.byteLength, false));
      this.#client.push(block);
    }
  }

  flush(): void {}

  end(): void {
    this.#client.push(blockHeader(0, true));
    this.#client.ended();
  }

  close(): void {}
}

function blockHeader(length: number, last: boolean): Uint8Array {
  const header = Buffer.alloc(5);
  header.writeUInt8(last ? 1 : 0, 0);
  header.writeUInt16LE(length, 1);
  header.writeUInt16LE(~length & 0xffff, 3);
  return header;
}
