import { crc32 } from "node:zlib";

import { MillraceError } from "../../response/errors.ts";
import { StreamRun } from "../../response/run.ts";
import { Slice } from "../../response/slice.ts";
import { isPromise, openSource, type Source } from "../../response/source.ts";
import { closeUnread } from "../../response/stream.ts";
import { nextTurn } from "../../response/turn.ts";
import { ByteQueue } from "./byte-queue.ts";
import { Directory } from "./directory.ts";
import { checkEntry, isCompressed, isWhole, type ZipEntry } from "./entry.ts";
import { deflateSmall, SMALL } from "./entry-coder.ts";
import { EntrySink } from "./entry-sink.ts";
import * as format from "./format.ts";

/** What holds for all entries of an archive. */
export interface ArchiveSettings {
  readonly compress: boolean;
  /** Level of zlib, 1 to 9. */
  readonly level: number;
  /** The date of entries that have none. */
  readonly modified: Date;
  /** Whether an entry may have 4 GiB or more. */
  readonly large: boolean;
}

/**
 * The bytes of a ZIP archive, written as its entries come. An iterator by hand, as a generator that waits for an entry could
 * neither hand out what it has nor be left at once.
 */
export class ZipArchive implements AsyncIterableIterator<Uint8Array, void> {
  /** Entries that are complete. */
  entries = 0;
  readonly #given: unknown;
  readonly #settings: ArchiveSettings;
  readonly #queue: ByteQueue = new ByteQueue(() => this.#goOn());
  readonly #names = new Set<string>();
  readonly #directory: Directory = new Directory();
  readonly #abort = new AbortController();
  #started = false;
  #left = false;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  /** The entry that is being written. */
  #run: StreamRun | undefined;
  #sink: EntrySink | undefined;
  /** Lets the loop go on. */
  #resume: (() => void) | undefined;

  /** `entries` as they were given to `zip`, or what its function has returned. */
  constructor(entries: unknown, settings: ArchiveSettings) {
    this.#given = entries;
    this.#settings = settings;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    const step = this.#queue.next();
    if (!this.#started) void this.#drive();
    return step;
  }

  async return(): Promise<IteratorResult<Uint8Array, void>> {
    this.#queue.drop();
    await this.#leave(
      new MillraceError("CLIENT_LEFT", "Nobody waits for the rest of this archive."),
    );
    return { done: true, value: undefined };
  }

  async #drive(): Promise<void> {
    this.#started = true;
    const slice = new Slice();
    try {
      await this.#open();
      for (let step = await this.#step(); step !== undefined; step = await this.#step()) {
        await this.#add(step.value);
        await this.#room();
        if (!slice.isOver()) continue;
        await nextTurn();
        slice.restart();
      }
      if (!this.#left) await this.#writeDirectory();
      this.#queue.finish({});
    } catch (error) {
      this.#queue.finish({ error });
      await this.#leave(error).catch(() => {}); // what went wrong first is the error to tell
    }
  }

  /** Calls, awaits and begins to read what holds the entries. */
  async #open(): Promise<void> {
    let value = this.#given;
    if (typeof value === "function") value = value({ signal: this.#abort.signal });
    if (isPromise(value)) value = await value;
    if (this.#left) await closeUnread(value as never); // whatever it is, it is only closed
    else this.#iterator = openSource(value).iterator;
  }

  /** Undefined after the last entry, and when the reader has left. */
  async #step(): Promise<{ readonly value: unknown } | undefined> {
    const iterator = this.#iterator;
    try {
      const step = await iterator?.next();
      if (step?.done !== true) return this.#left ? undefined : step;
    } catch (error) {
      this.#iterator = undefined; // it has closed itself
      throw error;
    }
    this.#iterator = undefined; // as it has here
    return undefined;
  }

  async #add(entry: unknown): Promise<void> {
    checkEntry(entry);
    const { name, source, modified, comment = "" } = entry;
    if (this.#names.has(name)) {
      throw new MillraceError(
        "OPTION_INVALID",
        `The ZIP entry ${JSON.stringify(name)} is there twice: the second would replace the first when it is extracted.`,
      );
    }
    this.#names.add(name);
    const record: format.EntryRecord = {
      name: Buffer.from(name),
      comment: Buffer.from(comment),
      modified: modified ?? this.#settings.modified,
      offset: this.#queue.pushed,
      method: format.DEFLATED,
      streamed: true,
      version: this.#settings.large ? 45 : 20,
      crc: 0,
      size: 0,
      compressedSize: 0,
    };
    const level = this.#levelOf(entry);
    const written =
      isWhole(source) && Buffer.byteLength(source) <= SMALL
        ? this.#addWhole(record, Buffer.from(source as string), level) // or bytes, which are copied
        : await this.#addStream(record, isWhole(source) ? [source] : source, level, name);
    this.#directory.add(format.directoryHeader(written));
    this.entries += 1;
  }

  #levelOf({ name, compress }: ZipEntry): number {
    const wanted = compress ?? (this.#settings.compress && !isCompressed(name));
    return wanted ? this.#settings.level : 0;
  }

  /** What is there already needs no descriptor: its sizes are known. */
  #addWhole(record: format.EntryRecord, bytes: Uint8Array, level: number): format.EntryRecord {
    const deflated = level > 0 ? deflateSmall(bytes, level) : bytes;
    const shorter = deflated.byteLength < bytes.byteLength;
    const data = shorter ? deflated : bytes;
    const whole: format.EntryRecord = {
      ...record,
      method: shorter ? format.DEFLATED : format.STORED,
      streamed: false,
      version: 20,
      crc: crc32(bytes),
      size: bytes.byteLength,
      compressedSize: data.byteLength,
    };
    this.#queue.push(format.localHeader(whole));
    this.#queue.push(data);
    return whole;
  }

  /** A run of its own opens the source, drives it and closes it. */
  #addStream(
    record: format.EntryRecord,
    source: Source,
    level: number,
    name: string,
  ): Promise<format.EntryRecord> {
    return new Promise((resolve, reject) => {
      this.#sink = new EntrySink(this.#queue, record, level);
      this.#run = new StreamRun({ source }, this.#sink, {
        label: `the ZIP entry ${JSON.stringify(name)}`,
        onClose: ({ type, error }) => {
          this.#run = this.#sink = undefined;
          if (type === "complete") resolve(record);
          else reject(error);
        },
      });
      this.#run.start();
    });
  }

  async #writeDirectory(): Promise<void> {
    const offset = this.#queue.pushed;
    for (const block of this.#directory.blocks()) {
      this.#queue.push(block);
      await this.#room();
    }
    const size = this.#queue.pushed - offset;
    this.#queue.push(format.endOfDirectory({ entries: this.entries, size, offset }));
  }

  /** Resolves when the queue has room, at once if it has. */
  #room(): Promise<void> | undefined {
    if (!this.#queue.full || this.#left) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #goOn(): void {
    this.#sink?.goOn();
    this.#resume?.();
  }

  /** Closes whatever is open. Resolves when the entries themselves have ended. */
  async #leave(reason: unknown): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.#abort.abort(reason);
    this.#run?.cancel(reason);
    this.#resume?.();
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (!this.#started && typeof this.#given !== "function")
      await closeUnread(this.#given as never); // as above
    this.#started = true;
    await iterator?.return?.();
  }
}
