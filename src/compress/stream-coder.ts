import type { Transform } from "node:stream";

import { FULL } from "../response/batch.ts";
import type { Coder, CoderClient } from "./coder.ts";

/** A compressor of `node:zlib`. */
export type Compressor = Transform & {
  flush(kind: number, callback: () => void): void;
};

/**
 * Options of every compressor. It may have two batches at once, so that it codes one on its thread while the next one is
 * made here. (The types of node:zlib do not know that its options are those of a Transform too.)
 */
export const compressorOptions: { readonly chunkSize: number } = {
  chunkSize: FULL,
  ...{ writableHighWaterMark: 2 * FULL },
};

/** Codes with a compressor of `node:zlib`, on its threads. */
export class StreamCoder implements Coder {
  readonly #compressor: Compressor;
  readonly #flushKind: number;
  readonly #client: CoderClient;
  #unflushed = false;
  /** A flush is on its way; what comes meanwhile shares the next one. */
  #flushing = false;
  #flushesAgain = false;
  #ending = false;
  #ended = false;

  constructor(compressor: Compressor, flushKind: number, client: CoderClient) {
    this.#compressor = compressor;
    this.#flushKind = flushKind;
    this.#client = client;
    compressor.on("data", (bytes: Uint8Array) => client.push(bytes));
    compressor.on("drain", () => client.coded());
    compressor.on("error", (error) => client.broken(error));
    compressor.on("end", () => {
      this.#ended = true;
      client.coded();
    });
  }

  get busy(): boolean {
    return this.#compressor.writableNeedDrain;
  }

  get idle(): boolean {
    if (this.#ending) return this.#ended;
    return !this.#flushing && this.#compressor.readableLength === 0;
  }

  write(bytes: Uint8Array): void {
    this.#unflushed = true;
    this.#compressor.write(bytes);
  }

  flush(): void {
    if (!this.#unflushed) return;
    if (this.#flushing) {
      this.#flushesAgain = true;
      return;
    }
    this.#unflushed = false;
    this.#flushing = true;
    this.#compressor.flush(this.#flushKind, () => this.#flushed());
  }

  end(bytes: Uint8Array | undefined): void {
    this.#ending = true;
    if (bytes === undefined) this.#compressor.end();
    else this.#compressor.end(bytes);
  }

  destroy(): void {
    this.#flushesAgain = false;
    this.#compressor.removeAllListeners("data");
    this.#compressor.removeAllListeners("end");
    this.#compressor.removeAllListeners("drain");
    this.#compressor.destroy();
  }

  #flushed(): void {
    this.#flushing = false;
    if (this.#flushesAgain && !this.#ending) this.flush();
    this.#flushesAgain = false;
    // What it has pushed last may still be in its own queue.
    setImmediate(() => this.#client.coded());
  }
}
