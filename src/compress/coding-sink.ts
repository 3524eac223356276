import type { Hash } from "node:crypto";

import type { Sink, SinkWriter } from "../response/sink.ts";
import type { Coder, CoderClient } from "./coder.ts";

/** Stands between a run and its sink, and codes what passes. */
export class CodingSink implements Sink, SinkWriter, CoderClient {
  writer: SinkWriter | undefined;
  /** A coder has a batch or two on their way. */
  readonly keepsBytes = true;
  readonly takesText = false;
  readonly #sink: Sink;
  readonly #coder: Coder;
  /** Of the coded bytes, where the plain ones had a digest in the trailers. */
  readonly #hash: Hash | undefined;
  /** Coded bytes that have not been given to the sink. */
  #coded: Uint8Array[] = [];
  /** The sink has answered `false` and not called `ready()` since. */
  #blocked = false;
  /** How it ends, once all before it has left. */
  #last: { readonly failed: boolean; readonly error?: unknown } | undefined;
  /** Nothing can be coded any more. */
  #released = false;

  constructor(sink: Sink, createCoder: (client: CoderClient) => Coder, hash: Hash | undefined) {
    this.#sink = sink;
    this.#sink.writer = this;
    this.#coder = createCoder(this);
    this.#hash = hash;
  }

  get bytes(): number {
    return this.#sink.bytes;
  }

  get pendingBytes(): number {
    return this.#sink.pendingBytes;
  }

  open(): void {
    this.#sink.open();
  }

  write(data: Uint8Array | string): boolean {
    if (!this.#released) this.#coder.write(data as Uint8Array); // it takes no text
    return this.#hasRoom();
  }

  flush(): boolean {
    if (!this.#released) this.#coder.flush();
    return this.#hasRoom();
  }

  end(data: Uint8Array | string | undefined): void {
    this.#last = { failed: false };
    if (!this.#released) this.#coder.end(data as Uint8Array | undefined); // as above
    this.#handOver();
  }

  /** The coding is never ended: its end would say that the body is whole. */
  fail(error: unknown): void {
    if (this.#last?.failed === true) return;
    this.#last = { failed: true, error };
    if (!this.#released) this.#coder.flush();
    this.#handOver();
  }

  cut(error: unknown): void {
    this.#release();
    this.#coded = [];
    this.#sink.cut(error);
  }

  push(bytes: Uint8Array): void {
    this.#coded.push(bytes);
    this.#handOver();
  }

  coded(): void {
    this.#goOn();
  }

  ready(): void {
    this.#blocked = false;
    this.#goOn();
  }

  due(): void {
    this.writer?.due();
  }

  delivered(): void {
    this.#release();
    this.writer?.delivered();
  }

  cancel(reason: unknown): void {
    this.writer?.cancel(reason);
  }

  broken(error: unknown): void {
    this.#release();
    this.#coded = [];
    this.writer?.broken(error);
  }

  #hasRoom(): boolean {
    return !this.#blocked && (this.#released || !this.#coder.busy);
  }

  #goOn(): void {
    this.#handOver();
    if (this.#last === undefined && this.#hasRoom()) this.writer?.ready();
  }

  /** Gives the sink what it takes. Called from the coder's threads too, where nobody would catch what the sink throws. */
  #handOver(): void {
    try {
      if (this.#last === undefined || this.#last.failed) {
        while (this.#coded.length > 0 && !this.#blocked) {
          this.#blocked = !this.#sink.write(this.#hashed(this.#coded.shift() as Uint8Array)); // there is one
        }
      }
      if (this.#last !== undefined && (this.#released || this.#coder.idle))
        this.#endSink(this.#last);
    } catch (error) {
      this.broken(error);
    }
  }

  #endSink({ failed, error }: { readonly failed: boolean; readonly error?: unknown }): void {
    if (failed) {
      if (this.#coded.length > 0) return; // until the sink has taken it
      this.#release();
      this.#sink.fail(error);
      return;
    }
    if (this.#released) return;
    this.#release();
    const rest = this.#coded;
    this.#coded = [];
    this.#sink.end(this.#hashed(rest.length === 1 ? (rest[0] as Uint8Array) : Buffer.concat(rest))); // one, just counted
  }

  #hashed(bytes: Uint8Array): Uint8Array {
    this.#hash?.update(bytes);
    return bytes;
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#coder.destroy();
  }
}
