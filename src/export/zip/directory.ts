import { FULL } from "../../response/batch.ts";

/**
 * What the directory at the end of an archive will say, in blocks of 64 KiB. Headers by themselves are slices of buffers that they share with
 * bytes that have long left, and would keep five times their size.
 */
export class Directory {
  readonly #blocks: Uint8Array[] = [];
  #headers: Uint8Array[] = [];
  #size = 0;

  add(header: Uint8Array): void {
    this.#headers.push(header);
    this.#size += header.byteLength;
    if (this.#size >= FULL) this.#join();
  }

  blocks(): readonly Uint8Array[] {
    this.#join();
    return this.#blocks;
  }

  #join(): void {
    this.#blocks.push(Buffer.concat(this.#headers));
    this.#headers = [];
    this.#size = 0;
  }
}
