import { MillraceError } from "../../response/errors.ts";
import { onNextTurn } from "../../response/turn.ts";

/** A query on a server, from which a feed is filled. */
export interface Tap {
  /** Runs the query. Called once, by the first `next()`; settles when the query is over and the connection given back. */
  run(): Promise<void>;
  /** Lets the server send, or stops it. */
  flow(on: boolean): void;
  /** Ends the query: the reader has left. Answers whether there is one, whose end is worth waiting for. */
  leave(): boolean;
}

/** Collects what has arrived until it is handed out. */
export interface Pile<Item, Portion> {
  /** Whether it is worth handing out before the event loop turns. */
  readonly full: boolean;
  add(item: Item): void;
  /** Removes and returns what is next; undefined when that is nothing. */
  take(): Portion | undefined;
}

/**
 * Between a driver that calls back with every row and a reader who asks for the next portion: a portion is handed out when
 * the pile is full or the event loop turns, and as soon as a turn ends with nobody asking, the socket is paused.
 *
 * An iterator by hand: `return()` of a generator would wait behind a `next()` that is parked in a slow query.
 */
export class Feed<Item, Portion> implements AsyncIterator<Portion, void> {
  readonly #pile: Pile<Item, Portion>;
  #tap: Tap | undefined;
  /** The life of the query; never rejected. */
  #running: Promise<void> | undefined;
  /** Settles the `next()` that waits. */
  #wanted: PromiseWithResolvers<IteratorResult<Portion, void>> | undefined;
  #turnComes = false;
  #flows = true;
  #end: { error?: unknown } | undefined;

  constructor(pile: Pile<Item, Portion>) {
    this.#pile = pile;
  }

  /** Says what fills it; before anybody reads. */
  connect(tap: Tap): void {
    this.#tap = tap;
  }

  /** Whether more may come now. */
  get flows(): boolean {
    return this.#flows;
  }

  next(): Promise<IteratorResult<Portion, void>> {
    const wanted = (this.#wanted = Promise.withResolvers());
    if (this.#end !== undefined || (this.#running !== undefined && !this.#turnComes)) this.#serve();
    this.#running ??= this.#run();
    return wanted.promise;
  }

  async return(): Promise<IteratorResult<Portion, void>> {
    const leaves = this.#running !== undefined && this.#end === undefined;
    this.#end = {};
    while (this.#pile.take() !== undefined); // nobody wants it any more
    this.#serve();
    if (leaves && this.#tap?.leave() === true) await this.#running;
    return { done: true, value: undefined };
  }

  add(item: Item): void {
    if (this.#end !== undefined) return;
    this.#pile.add(item);
    if (this.#pile.full) {
      this.#serve();
      if (this.#pile.full) this.#flow(false);
    }
    if (this.#turnComes) return;
    this.#turnComes = true;
    onNextTurn(afterTurn, this);
  }

  afterTurn(): void {
    this.#turnComes = false;
    if (this.#wanted !== undefined) this.#serve();
    else if (this.#end === undefined) this.#flow(false);
  }

  async #run(): Promise<void> {
    if (this.#end !== undefined) return;
    try {
      await this.#tap?.run();
      this.#end ??= {};
    } catch (error) {
      this.#end ??= { error };
    }
    this.#serve(); // what was added before the end leaves before it
  }

  #serve(): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const portion = this.#pile.take();
    if (portion === undefined && this.#end === undefined) return this.#flow(true);
    this.#wanted = undefined;
    if (portion !== undefined) wanted.resolve({ done: false, value: portion });
    else if (this.#end !== undefined && "error" in this.#end) wanted.reject(this.#end.error);
    else wanted.resolve({ done: true, value: undefined });
  }

  #flow(on: boolean): void {
    if (this.#flows === on) return;
    this.#flows = on;
    this.#tap?.flow(on);
  }
}

// Called with the feed: no closures per turn.
const afterTurn = (feed: { afterTurn(): void }) => feed.afterTurn();

/** The one iterator of a source that can be read once. */
export function once<T>(what: string, iterator: T): () => T {
  let used = false;
  return () => {
    if (used) {
      throw new MillraceError(
        "SOURCE_USED",
        `${what} runs its query once, and has been read before. Call it again for each request.`,
      );
    }
    used = true;
    return iterator;
  };
}
