import { crc32 } from "node:zlib";

import type { Sink, SinkWriter } from "../../response/sink.ts";
import { startTimer, type Timer } from "../../response/timer.ts";
import { createCoder, type CoderClient, type EntryCoder } from "./entry-coder.ts";
import { dataDescriptor, localHeader, type EntryRecord } from "./format.ts";

/** Where an entry goes. */
export interface ArchiveOutput {
  /** Enough waits for the reader; `goOn()` of the entry is called when that has changed. */
  readonly full: boolean;
  push(bytes: Uint8Array): void;
}

/** Longest time for which compression holds bytes back, in ms. Each flush costs 5 bytes, and nobody reads an archive live. */
const HOLD = 50;

/** Where the run of one entry writes: into the archive. */
export class EntrySink implements Sink, CoderClient {
  writer: SinkWriter | undefined;
  /** The coder has a batch or two on their way. */
  readonly keepsBytes = true;
  readonly takesText = false;
  /** The archive's own reader is who may be late. */
  readonly pendingBytes = 0;
  readonly #archive: ArchiveOutput;
  readonly #entry: EntryRecord;
  readonly #coder: EntryCoder;
  #begun = false;
  #hold: Timer | undefined;

  constructor(archive: ArchiveOutput, entry: EntryRecord, level: number) {
    this.#archive = archive;
    this.#entry = entry;
    this.#coder = createCoder(level, this);
  }

  get bytes(): number {
    return this.#entry.size;
  }

  /** The local header leaves with the first bytes, so that an archive whose first source fails at once has not begun. */
  open(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#archive.push(localHeader(this.#entry));
  }

  write(data: Uint8Array | string): boolean {
    const bytes = data as Uint8Array; // it takes no text
    this.open();
    this.#entry.crc = crc32(bytes, this.#entry.crc);
    this.#entry.size += bytes.byteLength;
    this.#coder.write(bytes);
    return this.#hasRoom;
  }

  flush(): boolean {
    this.#hold ??= startTimer(flushCoder, HOLD, this);
    return this.#hasRoom;
  }

  flushCoder(): void {
    this.#hold = undefined;
    this.#coder.flush();
  }

  end(data: Uint8Array | string | undefined): void {
    this.open();
    if (data !== undefined) this.write(data);
    clearTimeout(this.#hold);
    this.#coder.end();
  }

  fail(): void {
    this.cut();
    this.writer?.delivered();
  }

  cut(): void {
    clearTimeout(this.#hold);
    this.#coder.close();
  }

  /** The reader has taken something. */
  goOn(): void {
    if (this.#hasRoom) this.writer?.ready();
  }

  push(bytes: Uint8Array): void {
    this.#entry.compressedSize += bytes.byteLength;
    this.#archive.push(bytes);
  }

  coded(): void {
    this.goOn();
  }

  ended(): void {
    this.#archive.push(dataDescriptor(this.#entry));
    this.#coder.close();
    this.writer?.delivered();
  }

  broken(error: unknown): void {
    this.writer?.broken(error);
  }

  get #hasRoom(): boolean {
    return !this.#coder.busy && !this.#archive.full;
  }
}

// Called with the sink: no closure for each flush.
const flushCoder = (sink: EntrySink) => sink.flushCoder();
