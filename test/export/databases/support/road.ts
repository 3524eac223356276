import type { DatabaseRows, EncodedStream } from "millrace/export";

/** A server of databases, and what it is asked in tests. A tag is a word that only one query has. */
export interface Database {
  /** A query that is silent for 30 s. */
  slow(tag: string): string;
  /** A query with a row of about 100 bytes after the other, without an end. */
  endless(tag: string): string;
  /** A query with a row that leaves the server at once, and a last one after 100 ms. */
  ending(tag: string): string;
  /** A query that fails after 4,999 rows. */
  failing(tag: string): string;
  /** How many queries with this tag the server works on. */
  running(tag: string): Promise<number>;
  /** Whether the server waits until somebody takes the rows of the query with this tag. */
  held(tag: string): Promise<boolean>;
  /** Ends the connection of the query with this tag, as an administrator does. */
  terminate(tag: string): Promise<void>;
}

/** One way from a client to a database. */
export interface Road {
  readonly name: string;
  readonly database: Database;
  /** Opens a client with one connection. */
  open(): Promise<RoadClient>;
}

export interface RoadClient extends AsyncDisposable {
  /** The source under test. */
  source(sql: string): DatabaseRows | EncodedStream;
  /** Which connection a query gets, by the server's own number. */
  connection(): Promise<number>;
  /** Listeners on the connection and all that belongs to it; NaN where nobody can see them. */
  listeners(): Promise<number>;
  /** Takes the only connection of the pool; undefined where there is no pool. */
  readonly takeConnection?: (() => Promise<() => void>) | undefined;
  /** Whether a connection that was ended by the server is replaced. */
  readonly reconnects: boolean;
}

let tags = 0;
/** A word that no other query has. */
export const newTag = (): string => `millrace_${process.pid}_${tags++}`;

/** The listeners of some emitters, all events together. */
export function countListeners(...emitters: readonly NodeJS.EventEmitter[]): number {
  let count = 0;
  for (const emitter of emitters) {
    for (const name of emitter.eventNames()) count += emitter.listenerCount(name);
  }
  return count;
}
