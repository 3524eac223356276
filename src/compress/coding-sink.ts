import type { Hash } from "node:crypto";

import { MillraceError } from "../response/errors.ts";
import type { Sink, SinkWriter } from "../response/sink.ts";
import type { Coder, CoderClient } from "./coder.ts";

export interface CodingSinkOptions {
  readonly createCoder: (client: CoderClient) => Coder;
  /** The Content-Length that the app declared: of the plain bytes. */
  readonly declared: number | undefined;
  /** Of the coded bytes, where the plain ones had a digest in the trailers. */
  readonly hash: Hash | undefined;
}

/** Stands between a run and its sink, and codes what passes. */
export class CodingSink implements Sink, SinkWriter, CoderClient {
  writer: SinkWriter | undefined;
  /** A coder has a batch or two on their way. */
  readonly keepsBytes = true;
  readonly takesText = false;
  readonly #sink: Sink;
  readonly #coder: Coder;
  readonly #hash: Hash | undefined;
  /** What is left of the declared length. */
  #remaining: number | undefined;
  /** Coded bytes that have not been given to the sink. */
  #coded: Uint8Array[] = [];
  /** The sink has answered `false` and not called `ready()` since. */
  #blocked = false;
  /** How it ends, once all before it has left. */
  #last: { readonly failed: boolean; readonly error?: unknown } | undefined;
  /** Nothing can be coded any more. */
  #released = false;
  /** The sink has been told that it failed. */
  #over = false;

  constructor(sink: Sink, { createCoder, declared, hash }: CodingSinkOptions) {
    this.#sink = sink;
    this.#sink.writer = this;
    this.#coder = createCoder(this);
    this.#remaining = declared;
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
    const bytes = data as Uint8Array; // it takes no text
    this.#count(bytes);
    if (!this.#released) this.#coder.write(bytes);
    return this.#hasRoom();
  }

  flush(): boolean {
    if (!this.#released) this.#coder.flush();
    return this.#hasRoom();
  }

  end(data: Uint8Array | string | undefined): void {
    const bytes = data as Uint8Array | undefined; // as above
    if (bytes !== undefined) this.#count(bytes);
    if (this.#remaining) throw this.#mismatch(`${this.#remaining} bytes fewer`);
    this.#last = { failed: false };
    if (!this.#released) this.#coder.end(bytes);
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
    this.#over = true;
    this.#release();
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
    if (this.#over) return;
    try {
      // After a clean end what is left is one piece, so that a short body is known to be whole.
      while (this.#last?.failed !== false && this.#coded.length > 0 && !this.#blocked) {
        this.#blocked = !this.#sink.write(this.#hashed(this.#coded.shift() as Uint8Array)); // there is one
      }
      if (this.#last !== undefined && (this.#released || this.#coder.idle)) this.#end(this.#last);
    } catch (error) {
      this.broken(error);
    }
  }

  #end({ failed, error }: { readonly failed: boolean; readonly error?: unknown }): void {
    if (failed && this.#coded.length > 0) return; // until the sink has taken it
    if (!failed && this.#released) return; // it broke, and `fail` comes
    const rest = Buffer.concat(this.#coded);
    this.#release();
    if (!failed) return this.#sink.end(this.#hashed(rest));
    this.#over = true;
    this.#sink.fail(error);
  }

  #hashed(bytes: Uint8Array): Uint8Array {
    this.#hash?.update(bytes);
    return bytes;
  }

  #count({ byteLength }: Uint8Array): void {
    if (this.#remaining === undefined) return;
    if (!(byteLength <= this.#remaining)) throw this.#mismatch("more bytes");
    this.#remaining -= byteLength;
  }

  #mismatch(difference: string): MillraceError {
    const message = `The source yielded ${difference} than its Content-Length says. Drop the header, or compute it from the same data.`;
    return new MillraceError("LENGTH_MISMATCH", message);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#coded = [];
    this.#coder.destroy();
  }
}
