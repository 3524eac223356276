import { cancelQuery, within } from "./cancel-query.ts";
import type { Tap } from "./feed.ts";
import type { PostgresJs } from "./postgres-client.ts";

/** The `sql` of `postgres`, as far as it is used. */
export interface Sql extends PostgresJs {
  unsafe(text: string, parameters?: readonly unknown[]): SqlQuery;
  begin?(mode: string, body: (sql: Sql) => Promise<void>): Promise<void>;
}

/** A query of `postgres`: a promise that sends it when it is first waited for. */
export interface SqlQuery extends Promise<SqlResult> {
  /** Called with what COPY is read from, and when the server is ready for the next query. */
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Sends a cancel request over a connection of its own. */
  canceller(query: SqlQuery): Promise<void>;
  execute(): void;
  /** Cells as the bytes that the server sent. */
  raw(): SqlQuery;
  /** Cells in arrays, parsed. */
  values(): SqlQuery;
  /** Fetches so many rows at a time, the next ones when what the handler returns has settled. */
  cursor(rows: number, handler: () => Promise<void> | undefined): SqlQuery;
  /** Hands out each row when it comes, in the place of batches. */
  forEach(handler: (row: unknown[], result: SqlResult) => void): SqlQuery;
}

export interface SqlResult {
  readonly columns: readonly { readonly name: string }[];
}

/** What a tap for `postgres` runs in its transaction. */
export interface SqlTapQuery {
  /** Settles when the server is ready for the next query. */
  run(sql: Sql): Promise<void>;
  flow(on: boolean): void;
  /** Ends the query if the server waits for us, and answers whether that was so. */
  finish(): boolean;
  /** Reads on, to the end of the answer. */
  drain(): void;
  /**
   * How long a cancel request is held back, in ms. Even 0 is a wait: a query that is cancelled before it is sent blocks its
   * transaction.
   */
  readonly grace: number;
  /** The query to cancel. */
  readonly query: SqlQuery | undefined;
}

/**
 * Runs one query on a connection of `postgres`, in a transaction: `reserve()` hangs where `fetch_types` is off, and without either
 * other queries are sent down the same connection, where COPY makes them fail.
 */
export class SqlTap implements Tap {
  readonly #sql: Sql;
  readonly #mode: string;
  readonly #query: SqlTapQuery;
  #running: Promise<void> | undefined;
  #cancelled: Promise<unknown> | undefined;
  #left = false;

  /** @param mode What is said behind BEGIN. */
  constructor(sql: PostgresJs, mode: string, query: SqlTapQuery) {
    this.#sql = sql as Sql; // told apart by who calls
    this.#mode = mode;
    this.#query = query;
  }

  async run(): Promise<void> {
    if (this.#sql.begin === undefined) return this.#inTransaction(this.#sql);
    await this.#sql.begin(this.#mode, async (sql) => {
      try {
        await this.#inTransaction(sql);
      } catch (error) {
        // It would send ROLLBACK down a connection that is gone, which ends the process. The promise of begin() is rejected by
        // the loss itself.
        if (isLoss(error)) await new Promise(() => {});
        throw error;
      }
    });
  }

  flow(on: boolean): void {
    this.#query.flow(on);
  }

  leave(): boolean {
    this.#left = true;
    if (this.#running === undefined) return false;
    this.#cancelled = this.#cancel(this.#running);
    return true;
  }

  async #inTransaction(sql: Sql): Promise<void> {
    if (this.#left) return;
    try {
      this.#running = this.#query.run(sql);
      await this.#running;
    } finally {
      this.#running = undefined;
      await this.#cancelled; // a request still under way would hit the next query of the connection
    }
  }

  async #cancel(running: Promise<void>): Promise<void> {
    if (this.#query.finish()) return;
    if (this.#sql.begin !== undefined) this.#query.drain(); // nothing is queued behind it in a transaction of ours
    if (await within(running, this.#query.grace)) return;
    const { query } = this.#query;
    if (query === undefined) return;
    await cancelQuery(
      () => query.canceller(query),
      running,
      () => this.#query.drain(),
    );
  }
}

/** Errors of sockets have an `errno`, and so have those that `postgres` makes when it loses a connection. */
export function isLoss(error: unknown): boolean {
  return typeof error === "object" && error !== null && "errno" in error;
}
