import { FULL } from "../../response/batch.ts";
import { onNextTurn } from "../../response/turn.ts";

type Step = IteratorResult<Uint8Array, void>;

/**
 * Bytes between whoever pushes them and a reader who pulls. They leave together when 64 KiB are there or when the event loop
 * turns, whichever is first.
 */
export class ByteQueue {
  /** Bytes that were pushed in all. */
  pushed = 0;
  readonly #onRoom: () => void;
  #parts: Uint8Array[] = [];
  #size = 0;
  /** Settles the `next()` that waits. */
  #wanted: { resolve(step: Step): void; reject(error: unknown): void } | undefined;
  #turnComes = false;
  #end: { error?: unknown } | undefined;

  /** `onRoom` is called when a reader has taken what there was. */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }

  /** Whether enough waits for the reader: nothing more should be pushed. */
  get full(): boolean {
    return this.#size >= FULL;
  }

  /** Takes bytes that nobody will change. */
  push(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#parts.push(bytes);
    this.#size += bytes.byteLength;
    this.pushed += bytes.byteLength;
    if (this.full) this.serve();
    else this.#serveLater();
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      this.#wanted = { resolve, reject };
      if (this.full || this.#end !== undefined) this.serve();
      else if (this.#size > 0) this.#serveLater();
      this.#onRoom();
    });
  }

  /** Nothing comes any more: what is there leaves, then the end or the error. */
  finish(end: { error?: unknown }): void {
    this.#end ??= end;
    this.serve();
  }

  /** Nobody waits for what is there. */
  drop(): void {
    this.#parts = [];
    this.#size = 0;
    this.finish({});
  }

  serve(): void {
    const wanted = this.#wanted;
    if (wanted === undefined || (this.#size === 0 && this.#end === undefined)) return;
    this.#wanted = undefined;
    if (this.#size > 0) wanted.resolve({ done: false, value: this.#take() });
    else if (this.#end !== undefined && "error" in this.#end) wanted.reject(this.#end.error);
    else wanted.resolve({ done: true, value: undefined });
  }

  afterTurn(): void {
    this.#turnComes = false;
    this.serve();
  }

  #serveLater(): void {
    if (this.#turnComes) return;
    this.#turnComes = true;
    onNextTurn(afterTurn, this);
  }

  #take(): Uint8Array {
    const parts = this.#parts;
    this.#parts = [];
    this.#size = 0;
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts); // one, just counted
  }
}

// Called with the queue: no closures per turn.
const afterTurn = (queue: ByteQueue) => queue.afterTurn();
