import { constants, crc32, createDeflateRaw, deflateRawSync } from "node:zlib";

import { startTimer, type Timer } from "../response/timer.ts";
import type { Coder, CoderClient } from "./coder.ts";
import { gzipHeader, gzipTrailer } from "./gzip-format.ts";
import { compressorOptions, StreamCoder } from "./stream-coder.ts";

export interface GzipOptions {
  /** Level of zlib for what comes in large pieces, 1 to 9. */
  readonly level: number;
  /** Longest random file name in the header, in bytes. */
  readonly randomBytes: number;
}

/** As much plain text as is remembered for the next piece: with twice as much events become up to a tenth smaller, at more CPU. */
const WINDOW = 2 * 1024;
/** Up to so many bytes between two flushes are coded at once, here; more is work for a thread. */
const SMALL = 16 * 1024;
/** Small pieces get a better level, since most of their cost is not in it. */
const SMALL_LEVEL = 6;
/** Room for what deflate adds at most. By default a piece of 30 bytes would hold 16 KiB for as long as its reader does not take it. */
const OVERHEAD = 64;
/** So often, in ms, a source that waits gives the stream of zlib (230 KiB) back. */
const QUIET = 1_000;

/**
 * One gzip member for a response (RFC 1952) at the memory of its window. A member is blocks of deflate one after the other, and nobody
 * can tell whether one compressor made them: small pieces are deflated each by itself, primed with the plain text before them
 * (RFC 1951 allows to look back 32 KiB), which costs a third of the CPU and a twentieth of the memory of a stream of zlib. What comes in large
 * pieces goes through such a stream, until the source is quiet.
 */
export class GzipCoder implements Coder {
  readonly #options: GzipOptions;
  readonly #client: CoderClient;
  #headed = false;
  #crc = 0;
  #size = 0;
  /** The last plain bytes that were coded. */
  #window: Uint8Array = new Uint8Array(0);
  /** Plain bytes that wait for a flush. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #stream: StreamCoder | undefined;
  #wroteSinceFlush = false;
  #quiet: Timer | undefined;
  #ending = false;
  #ended = false;

  constructor(options: GzipOptions, client: CoderClient) {
    this.#options = options;
    this.#client = client;
  }

  get busy(): boolean {
    return this.#stream?.busy ?? false;
  }

  get idle(): boolean {
    return this.#ending ? this.#ended : (this.#stream?.idle ?? true);
  }

  write(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    this.#size += bytes.byteLength;
    this.#wroteSinceFlush = true;
    if (this.#stream === undefined && this.#heldBytes + bytes.byteLength <= SMALL) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.byteLength;
      return;
    }
    this.#stream ??= this.#openStream();
    this.#stream.write(bytes);
    this.#remember(bytes);
  }

  flush(): void {
    if (this.#stream !== undefined) {
      this.#stream.flush();
      this.#wroteSinceFlush = false;
      this.#quiet ??= startTimer(whenQuiet, QUIET, this);
    } else if (this.#heldBytes > 0) {
      this.#push(this.#deflateHeld(constants.Z_SYNC_FLUSH));
    }
  }

  end(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.write(bytes);
    this.#ending = true;
    if (this.#stream === undefined) this.#finish(this.#deflateHeld(constants.Z_FINISH));
    else this.#stream.end(undefined);
  }

  destroy(): void {
    clearTimeout(this.#quiet);
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#held = [];
  }

  /** Without anything to code the stream of zlib goes: after a flush the next piece can start from the window. */
  closeQuietStream(): void {
    this.#quiet = undefined;
    if (this.#stream === undefined || this.#ending) return;
    if (this.#wroteSinceFlush || !this.#stream.idle) {
      this.#quiet = startTimer(whenQuiet, QUIET, this);
      return;
    }
    this.#stream.destroy();
    this.#stream = undefined;
  }

  #openStream(): StreamCoder {
    const { level } = this.#options;
    const compressor = createDeflateRaw({
      level,
      ...this.#primed(),
      ...compressorOptions,
    });
    const stream = new StreamCoder(compressor, constants.Z_SYNC_FLUSH, {
      push: (bytes) => this.#push(bytes),
      coded: () => {
        if (stream !== this.#stream) return; // it was closed since
        if (this.#ending && stream.idle && !this.#ended) this.#finish(new Uint8Array(0));
        this.#client.coded();
      },
      broken: (error) => this.#client.broken(error),
    });
    for (const bytes of this.#held) {
      stream.write(bytes);
      this.#remember(bytes);
    }
    this.#held = [];
    this.#heldBytes = 0;
    return stream;
  }

  #deflateHeld(finishFlush: number): Uint8Array {
    const bytes =
      this.#held.length === 1 ? (this.#held[0] as Uint8Array) : Buffer.concat(this.#held); // one, just counted
    const size = bytes.byteLength <= WINDOW ? { windowBits: 12, memLevel: 3 } : {};
    const coded = deflateRawSync(bytes, {
      ...size,
      chunkSize: bytes.byteLength + OVERHEAD,
      ...this.#primed(),
      level: SMALL_LEVEL,
      finishFlush,
    });
    this.#remember(bytes);
    this.#held = [];
    this.#heldBytes = 0;
    return coded;
  }

  #primed(): { dictionary?: Uint8Array } {
    return this.#window.byteLength > 0 ? { dictionary: this.#window } : {};
  }

  /** In memory of its own: a view would keep the whole piece. */
  #remember(bytes: Uint8Array): void {
    if (bytes.byteLength >= WINDOW) {
      this.#window = new Uint8Array(bytes.subarray(-WINDOW));
      return;
    }
    const before = this.#window.subarray(-(WINDOW - bytes.byteLength));
    const window = new Uint8Array(before.byteLength + bytes.byteLength);
    window.set(before);
    window.set(bytes, before.byteLength);
    this.#window = window;
  }

  #finish(last: Uint8Array): void {
    this.#ended = true;
    this.#push(Buffer.concat([last, gzipTrailer(this.#crc, this.#size)]));
  }

  #push(bytes: Uint8Array): void {
    if (this.#headed) return this.#client.push(bytes);
    this.#headed = true;
    this.#client.push(Buffer.concat([gzipHeader(this.#options.randomBytes), bytes]));
  }
}

// Called with the coder: no closure for each quiet stream.
const whenQuiet = (coder: GzipCoder) => coder.closeQuietStream();
