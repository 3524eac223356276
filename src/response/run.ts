import { Batch } from "./batch.ts";
import { closeSource, watchSource } from "./close-source.ts";
import { Deadlines } from "./deadlines.ts";
import { MillraceError } from "./errors.ts";
import { limitError, mergeLimits, type LimitName, type ResponseLimits } from "./limits.ts";
import type { OutcomeType, StreamOutcome } from "./outcome.ts";
import type { Sink, SinkWriter } from "./sink.ts";
import { Slice } from "./slice.ts";
import { isPromise, openSource, type OpenSource } from "./source.ts";
import { reportOutcome, type StreamSettings } from "./stream.ts";
import { nextTurn, onNextTick, onNextTurn } from "./turn.ts";

/** What whoever runs a stream adds to the response's own settings. */
export interface RunOptions {
  /** Limits for what the response leaves open. */
  readonly defaults?: ResponseLimits | undefined;
  /** Names the stream in warnings: `GET /export`. */
  readonly label?: string | undefined;
  /** Called once when the run is over, after the response's own `onClose`. */
  readonly onClose?: ((outcome: StreamOutcome) => void) | undefined;
}

/** What a stream does at this moment. */
export type RunState = "running" | "waiting for the source" | "waiting for the reader";

/**
 * The one life of a source, from the first read to its outcome: the pump.
 *
 * Chunks are collected and written when 64 KiB are full or when the event loop turns, whichever is first. When the sink
 * wants no more, nothing is pulled. Ending from outside (`cancel`, a limit) never waits for the source: the signal is
 * aborted, `return()` is called, and the loop below finds out when it wakes.
 */
export class StreamRun implements SinkWriter {
  /** Chunks that the source yielded. */
  chunks = 0;
  /** When the run began; all times here are of the monotonic clock, `performance.now()`. */
  readonly startedAt: number = performance.now();
  /** When bytes were last written. */
  sentAt: number = this.startedAt;

  readonly #settings: StreamSettings;
  readonly #sink: Sink;
  readonly #options: RunOptions;
  readonly #limits: ResponseLimits;
  readonly #deadlines: Deadlines;
  readonly #batch: Batch;

  #source: OpenSource | undefined;
  /** What the source function returned, until it is there. */
  #opening: Promise<unknown> | undefined;
  #abort: AbortController | undefined;
  /** How it ends; nothing is pulled once this is set. */
  #end: { type: OutcomeType; error?: unknown } | undefined;
  #closed = false;

  #waitsForSource = false;
  /** Between the call of `next()` and its result. */
  #pulling = false;
  /** The sink has answered `false` and not called `ready()` since. */
  #blocked = false;
  #resume: (() => void) | undefined;
  #turnComes = false;
  #comesInTurns = true;
  #activeAt = this.startedAt;
  readonly #slice = new Slice();
  #firstChunkAt: number | undefined;

  constructor(settings: StreamSettings, sink: Sink, options: RunOptions = {}) {
    this.#settings = settings;
    this.#sink = settings.coding?.(sink) ?? sink;
    this.#sink.writer = this;
    this.#batch = new Batch(this.#sink.keepsBytes, this.#sink.takesText);
    this.#options = options;
    this.#limits = mergeLimits(options.defaults ?? {}, settings.limits);
    this.#deadlines = new Deadlines(this, this.#limits, settings.heartbeat?.interval);
  }

  /** Bytes handed to the connection. */
  get bytes(): number {
    return this.#sink.bytes;
  }

  get label(): string {
    return this.#options.label ?? "a stream";
  }

  get state(): RunState {
    if (this.waitsForReader) return "waiting for the reader";
    return this.#waitsForSource ? "waiting for the source" : "running";
  }

  /** When the source was last seen to yield; the time for which it was held back by the reader does not count. */
  get activeAt(): number {
    return this.#turnComes ? performance.now() : this.#activeAt;
  }

  get pendingBytes(): number {
    return this.#sink.pendingBytes;
  }

  get waitsForReader(): boolean {
    return this.#blocked || this.#end !== undefined;
  }

  /** The signal of this run, made when the source first asks for it. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#end !== undefined) this.#abort.abort(this.#end.error);
    }
    return this.#abort.signal;
  }

  /** Calls the source and begins to pull. */
  start(): void {
    this.#deadlines.start();
    const { context } = this.#settings;
    if (context === undefined) void this.#drive();
    else context.runInAsyncScope(() => void this.#drive());
  }

  /** The reader shall see that the response has begun. */
  due(): void {
    if (this.#end === undefined) this.#tell((sink) => sink.open());
  }

  /** The sink can take more. */
  ready(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    const now = performance.now();
    this.#activeAt = Math.min(now, this.#activeAt + now - this.sentAt); // the reader's pause is not the source's
    if (this.#end === undefined) {
      // Nobody comes by again before the source yields, unless the loop is what waits.
      if (this.#resume === undefined) this.#flush();
      else this.#awaitTurn();
    }
    this.#wake();
  }

  /** The sink has handed over everything there will be, and the end of it. */
  delivered(): void {
    if (this.#end !== undefined) this.#close();
    else this.cancel(new MillraceError("CLIENT_LEFT", "Somebody else ended the response."));
  }

  /** Nobody waits for the rest: the client left, or the server closes. */
  cancel(reason: unknown): void {
    if (this.#closed) return;
    // What was complete but not delivered is not complete; what had failed stays failed.
    if (this.#end === undefined || this.#end.type === "complete") this.#decide("cancelled", reason);
    this.#sink.cut(reason);
    this.#close();
  }

  /** A limit has passed. */
  expire(limit: LimitName): void {
    if (this.#closed) return;
    const over = this.#end !== undefined; // then only the reader can be late
    const error = limitError(limit, this.#limits[limit] || 0);
    if (!over || this.#end?.type === "complete") this.#decide("timed-out", error);
    if (over || limit === "stalled" || this.#blocked) {
      this.#sink.cut(error);
      this.#close();
    } else {
      void this.#fail(error);
    }
  }

  /** One function from the call of the source to its end: each one that waits is half a KiB of a quiet stream. */
  async #drive(): Promise<void> {
    try {
      let value: unknown = this.#settings.source;
      if (typeof value === "function") value = value(new Context(this));
      if (isPromise(value)) value = await this.#opened(value);
      const source = openSource(value);
      this.#source = source;
      this.#comesInTurns = source.sync || source.queued || this.#sink.flush !== undefined;
      while (this.#end === undefined) {
        let step: IteratorResult<unknown>;
        this.#pulling = true;
        if (source.sync) {
          step = source.iterator.next();
        } else {
          this.#waitsForSource = true;
          step = await source.iterator.next();
          this.#waitsForSource = false;
          if (!this.#turnComes) this.#slice.restart();
        }
        this.#pulling = false;
        if (this.#end !== undefined || step.done) break;
        this.#accept(step.value);
        if (this.#blocked || this.#batch.full) await this.#makeRoom();
        if (this.#slice.isOver()) await this.#endSlice();
      }
      if (this.#end !== undefined) return this.#release();
      this.#source = undefined; // it is through: nothing to return() any more
      await this.#finish();
    } catch (error) {
      if (this.#pulling) this.#source = undefined; // an iterator that threw has closed itself
      this.#pulling = false;
      if (this.#end !== undefined) return; // it ended before, and this is the source's answer to that
      this.#decide("failed", error);
      await this.#fail(error);
    }
  }

  /** What the source function has promised. */
  async #opened(promise: PromiseLike<unknown>): Promise<unknown> {
    this.#waitsForSource = true;
    this.#opening = Promise.resolve(promise); // a query may run with each `then`
    const value = await this.#opening;
    this.#opening = undefined;
    this.#waitsForSource = false;
    return value;
  }

  #accept(chunk: unknown): void {
    if (this.#settings.bytesOnly !== undefined && typeof chunk === "string") {
      throw new MillraceError(
        "CHUNK_INVALID",
        `Chunk ${this.chunks} of the stream (counted from 0) is a string, which is sent as UTF-8, but the Content-Type says ` +
          `charset=${this.#settings.bytesOnly}. Yield bytes in that charset, or declare utf-8.`,
      );
    }
    this.#batch.add(chunk, this.chunks);
    if (this.chunks++ === 0) {
      this.#firstChunkAt = performance.now();
      this.#deadlines.sawFirstChunk();
    }
    this.#awaitTurn();
  }

  #awaitTurn(): void {
    if (this.#turnComes) return;
    this.#turnComes = true;
    // A generator waits as soon as its microtasks are through; a synchronous or a queued source may have more after a turn,
    // and each flush of a coding costs bytes.
    if (this.#comesInTurns) onNextTurn(afterTurn, this);
    else onNextTick(afterTurn, this);
  }

  /** What was collected leaves; a source that waits now has nothing left behind. */
  afterTurn(): void {
    this.#turnComes = false;
    this.#activeAt = performance.now();
    this.#slice.restart();
    if (this.#end === undefined && !this.#blocked) this.#flush();
  }

  /** Lets the rest of the process have the event loop. */
  async #endSlice(): Promise<void> {
    if (!this.#blocked) this.#flush();
    await nextTurn();
    this.#slice.restart();
    if (this.#blocked) await this.#makeRoom();
  }

  /** Writes until less than a full batch is left, as fast as the reader takes it. */
  async #makeRoom(): Promise<void> {
    while (this.#end === undefined) {
      if (this.#blocked) await this.#untilReady();
      else if (this.#batch.full) this.#write(false);
      else return;
    }
  }

  #flush(): void {
    if (!this.#write(false)) this.due(); // an empty chunk: the head may go
    // Nobody comes by again before the source yields: what a quick reader takes leaves now.
    while (!this.#blocked && this.#end === undefined && this.#write(false));
    this.#flushSink();
  }

  /** What a coding holds back leaves too. */
  #flushSink(): void {
    if (this.#end === undefined && this.#tell((sink) => sink.flush?.()) === false)
      this.#blocked = true;
  }

  #write(final: boolean): boolean {
    const data = this.#tell(() => this.#batch.take(final));
    if (data === undefined) return false;
    this.#send(data);
    return true;
  }

  #send(data: Uint8Array | string): void {
    this.sentAt = performance.now();
    this.#tell((sink) => {
      this.#blocked = !sink.write(data);
    });
    if (this.#blocked || this.#sink.pendingBytes > 0) this.#deadlines.watchReader();
  }

  /** What the sink cannot take is a failure of the stream, and these calls come from timers and turns. */
  #tell<T>(call: (sink: Sink) => T): T | undefined {
    try {
      return call(this.#sink);
    } catch (error) {
      this.broken(error);
      return undefined;
    }
  }

  /** The sink could not take what it was given. */
  broken(error: unknown): void {
    if (this.#closed) return;
    if (this.#end?.type !== "failed") this.#decide("failed", error);
    this.#blocked = false;
    this.#sink.fail(error);
  }

  /** The source has ended: the rest leaves, and the body ends cleanly. */
  async #finish(): Promise<void> {
    await this.#makeRoom();
    if (this.#blocked) await this.#untilReady();
    if (this.#end !== undefined) return;
    this.#end = { type: "complete" };
    this.#deadlines.sawEnd();
    const last = this.#batch.take(true);
    this.#tell((sink) => sink.end(last));
    if (!this.#closed) this.#deadlines.watchReader();
  }

  /** The end is decided and is not a good one: what was accepted still leaves, then the reader sees the cut. */
  async #fail(error: unknown): Promise<void> {
    do {
      if (this.#blocked) await this.#untilReady();
      if (this.#closed) return;
    } while (this.#write(true));
    this.#sink.fail(error);
    if (!this.#closed) this.#deadlines.watchReader();
  }

  #untilReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  #wake(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #decide(type: OutcomeType, error: unknown): void {
    this.#end = { type, error };
    this.#deadlines.sawEnd();
    this.#abort?.abort(error);
    this.#release();
  }

  #release(): void {
    const source = this.#source;
    if (this.#pulling && source?.sync === true) return; // it runs and ended its own stream; the loop comes by again
    this.#source = undefined;
    if (source !== undefined) {
      closeSource(source, this.#end?.error, this);
    } else if (this.#opening !== undefined) {
      watchSource(
        this.#opening.then(undefined, () => {}),
        this,
      ); // it may well fail now that it was aborted
    }
  }

  /** The time of a heartbeat has come. */
  beat(): void {
    const bytes = this.#settings.heartbeat?.bytes;
    if (bytes === undefined) return;
    this.#send(bytes);
    this.#flushSink();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadlines.stop();
    this.#wake();
    const outcome = this.#outcome();
    reportOutcome(this.#settings, outcome);
    this.#options.onClose?.(outcome);
  }

  #outcome(): StreamOutcome {
    const { type, error } = this.#end ?? { type: "complete", error: undefined };
    const first = this.#firstChunkAt;
    return {
      type,
      ...(error === undefined ? {} : { error }),
      bytes: this.bytes,
      chunks: this.chunks,
      firstChunk: first === undefined ? undefined : first - this.startedAt,
      duration: performance.now() - this.startedAt,
    };
  }
}

/** What the source function is called with; the signal is made only for those who ask. */
class Context {
  readonly #run: StreamRun;
  constructor(run: StreamRun) {
    this.#run = run;
  }
  get signal(): AbortSignal {
    return this.#run.signal;
  }
}

// Called with the run: a thousand quiet streams need no closures.
const afterTurn = (run: StreamRun) => run.afterTurn();
