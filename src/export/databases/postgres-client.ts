import { MillraceError } from "../../response/errors.ts";
import { describe } from "../../response/source.ts";

/** A `Pool` of `pg`. */
export interface PgPool {
  readonly totalCount: number;
  connect(): Promise<PgClient>;
}

/** A connected `Client` of `pg`. */
export interface PgClient {
  escapeLiteral(text: string): string;
}

/** The `sql` of `postgres` (Postgres.js), or the one that its `begin()` and `reserve()` give. */
export interface PostgresJs {
  unsafe(text: string): object;
}

/** What can be asked for rows: of `pg` a pool or a client, of `postgres` its `sql`. */
export type PostgresClient = PgPool | PgClient | PostgresJs;

/** Which one it is; they are told apart by what they can do. */
export type KnownClient =
  | { readonly kind: "pool" | "client"; readonly pg: PgPool | PgClient }
  | { readonly kind: "sql" | "transaction"; readonly sql: PostgresJs };

/**
 * Tells the clients apart.
 *
 * @throws MillraceError `OPTION_INVALID`
 */
export function recognize(client: PostgresClient, where: string): KnownClient {
  const given: Partial<PgPool & PgClient & PostgresJs> & { begin?: unknown } = client ?? {};
  if (typeof given.unsafe === "function") {
    return {
      kind: typeof given.begin === "function" ? "sql" : "transaction",
      sql: client as PostgresJs,
    }; // it has `unsafe`
  }
  if (typeof given.connect === "function" && typeof given.totalCount === "number") {
    return { kind: "pool", pg: client as PgPool }; // looked at
  }
  if (typeof given.escapeLiteral === "function" && "connection" in given) {
    return { kind: "client", pg: client as PgClient }; // looked at
  }
  throw new MillraceError(
    "OPTION_INVALID",
    `The client of ${where} is ${describe(client)}; it takes a Pool or Client of pg (not pg-native), or the sql of postgres.`,
  );
}
