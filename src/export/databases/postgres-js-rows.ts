import type { ColumnNames } from "./database-rows.ts";
import type { Feed } from "./feed.ts";
import type { DatabaseRow } from "./piles.ts";
import type { KnownClient } from "./postgres-client.ts";
import {
  SqlTap,
  type Sql,
  type SqlQuery,
  type SqlResult,
  type SqlTapQuery,
} from "./postgres-js-tap.ts";
import { beginOf, type RowsRequest } from "./rows-request.ts";

/** Rows over `postgres`, from its cursor. */
export function rowsOverSql(
  { sql }: Extract<KnownClient, { sql: unknown }>,
  request: RowsRequest,
  feed: Feed<DatabaseRow, readonly DatabaseRow[]>,
  names: ColumnNames,
): SqlTap {
  return new SqlTap(sql, beginOf(request)?.mode ?? "", new SqlCursor(request, feed, names));
}

class SqlCursor implements SqlTapQuery {
  /** The part that is under way may end the query by itself. */
  readonly grace = 20;
  query: SqlQuery | undefined;
  readonly #request: RowsRequest;
  readonly #feed: Feed<DatabaseRow, readonly DatabaseRow[]>;
  readonly #names: ColumnNames;
  /** The server waits until this settles. */
  #waits: PromiseWithResolvers<void> | undefined;
  #left = false;

  constructor(
    request: RowsRequest,
    feed: Feed<DatabaseRow, readonly DatabaseRow[]>,
    names: ColumnNames,
  ) {
    this.#request = request;
    this.#feed = feed;
    this.#names = names;
  }

  async run(sql: Sql): Promise<void> {
    const { sql: text, params, batch, types } = this.#request;
    const settings = beginOf(this.#request)?.settings;
    if (settings) await sql.unsafe(settings);
    if (this.#left) return;
    const query = sql.unsafe(text, params);
    this.query = (types ? query.values() : query.raw())
      .cursor(batch, () => this.#room())
      .forEach((row, result) => {
        this.#names.columns ??= namesOf(result);
        this.#feed.add(types ? row : row.map(textOf));
      });
    const result = await this.query;
    this.#names.columns ??= namesOf(result);
  }

  flow(on: boolean): void {
    if (!on) return;
    this.#waits?.resolve();
    this.#waits = undefined;
  }

  finish(): boolean {
    this.#left = true;
    this.#waits?.reject(left());
    return this.#waits !== undefined;
  }

  drain(): void {}

  /**
   * Called after each part. Not async: `postgres` looks at a promise only while there may be more rows, at what is thrown
   * always.
   */
  #room(): Promise<void> | undefined {
    if (this.#left) throw left();
    if (this.#feed.flows) return undefined;
    const waits = (this.#waits = Promise.withResolvers());
    waits.promise.catch(() => {}); // the same
    return waits.promise;
  }
}

const left = () => new Error("The reader left.");
const namesOf = ({ columns }: SqlResult) => columns.map(({ name }) => name);
/** Cells of a raw row are buffers. */
const textOf = (cell: unknown) => (cell === null ? null : (cell as Buffer).toString());
