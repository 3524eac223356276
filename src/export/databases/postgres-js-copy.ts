import type { Feed } from "./feed.ts";
import type { CopyCount } from "./postgres-copy.ts";
import type { KnownClient } from "./postgres-client.ts";
import { isLoss, SqlTap, type Sql, type SqlQuery, type SqlTapQuery } from "./postgres-js-tap.ts";

/** The Readable that `postgres` makes for a COPY, as far as it is used. */
interface CopyReadable {
  /** Called by `postgres` with the message of each row; `false` makes it pause the socket. */
  push(row: Uint8Array | null): boolean;
  /** Resumes the socket. */
  _read(): void;
  on(event: "error", listener: () => void): unknown;
}

/** COPY over `postgres`. */
export function copyOverSql(
  { sql }: Extract<KnownClient, { sql: unknown }>,
  text: string,
  feed: Feed<Uint8Array, Uint8Array>,
  count: CopyCount,
): SqlTap {
  return new SqlTap(sql, "", new SqlCopy(text, feed, count));
}

/**
 * Takes the rows where they enter the Readable: one that fails right after its first rows is destroyed, with its `error` unheard,
 * before a promise of it can have told anybody.
 */
class SqlCopy implements SqlTapQuery {
  readonly grace = 0;
  query: SqlQuery | undefined;
  readonly #text: string;
  readonly #feed: Feed<Uint8Array, Uint8Array>;
  readonly #count: CopyCount;
  #readable: CopyReadable | undefined;
  #flows = true;

  constructor(text: string, feed: Feed<Uint8Array, Uint8Array>, count: CopyCount) {
    this.#text = text;
    this.#feed = feed;
    this.#count = count;
  }

  run(sql: Sql): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const query = (this.query = sql.unsafe(this.#text));
      query.resolve = (value) => {
        if (isReadable(value)) return this.#tap(value);
        const rows = (value as { count?: number | null }).count; // a result: the server is ready
        if (typeof rows === "number") this.#count.rows = rows;
        // Nobody else lets it flow again: `postgres` gives back a connection that it has paused as it is.
        this.flow(true);
        resolve();
      };
      query.reject = (error) => {
        if (!isLoss(error)) this.flow(true);
        reject(error);
      };
      query.execute();
    }).finally(() => {
      this.#readable = undefined;
    });
  }

  flow(on: boolean): void {
    this.#flows = on;
    // oxlint-disable-next-line no-underscore-dangle -- Node's name for it; `read(0)` waits for a push() that is not Node's
    if (on) this.#readable?._read();
  }

  finish(): boolean {
    this.#flows = false; // until the request is through
    return false;
  }

  drain(): void {
    this.flow(true);
  }

  #tap(readable: CopyReadable): void {
    this.#readable = readable;
    readable.on("error", () => {}); // reject() has it too
    readable.push = (row) => {
      if (row !== null) this.#feed.add(row);
      return this.#flows || row === null;
    };
  }
}

function isReadable(value: unknown): value is CopyReadable {
  const { push, _read } = value as Partial<CopyReadable>;
  return !Array.isArray(value) && typeof push === "function" && typeof _read === "function";
}
