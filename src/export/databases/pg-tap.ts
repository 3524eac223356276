import { MillraceError } from "../../response/errors.ts";
import { cancelQuery, isCancelled } from "./cancel-query.ts";
import type { Tap } from "./feed.ts";
import { requestCancel, type PgConnection, type PgQuery, type PgSession } from "./pg-wire.ts";
import type { PgClient, PgPool } from "./postgres-client.ts";

export interface PgTapOptions {
  readonly source: PgPool | PgClient;
  readonly isPool: boolean;
  /** What is sent before the query, to begin a transaction for it. */
  readonly begin?: string | undefined;
  /** Makes the query, which calls `settle` once: when the server is ready for the next one, or with the error. */
  readonly query: (client: PgSession, settle: (error?: unknown) => void) => PgQuery;
}

/** Runs one query on a connection of `pg`, from a pool or the caller's own. */
export class PgTap implements Tap {
  readonly #options: PgTapOptions;
  #client: PgSession | undefined;
  /** Settles with the query. */
  #settled: Promise<void> | undefined;
  #cancelled: Promise<void> | undefined;
  #state: "waits" | "submitted" | "over" = "waits";
  #left = false;

  constructor(options: PgTapOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { source, isPool, begin } = this.#options;
    // Both are looked at as what pg makes them; its types say less.
    const client = (isPool ? await (source as PgPool).connect() : source) as unknown as PgSession;
    let error: unknown;
    try {
      if (this.#left) return;
      this.#take(client);
      if (begin !== undefined) await client.query(begin);
      if (!this.#left) await this.#send(client);
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      await this.#cancelled;
      await this.#giveBack(client, error);
    }
  }

  flow(on: boolean): void {
    const connection = this.#client?.connection;
    if (connection === undefined || this.#state === "over") return;
    if (on) connection.stream.resume();
    else connection.stream.pause();
  }

  leave(): boolean {
    this.#left = true;
    const client = this.#client;
    if (this.#state === "waits" || client === undefined) return false;
    if (this.#state === "submitted") this.#cancelled = this.#cancel(client);
    return true;
  }

  #take(client: PgSession): void {
    if (client.connection?.stream === undefined) {
      throw new MillraceError(
        "OPTION_INVALID",
        "The client of pg has no connection that can be paused: pg-native cannot stream. Use the Pool or Client of pg itself.",
      );
    }
    this.#client = client;
    client.on("error", ignore); // a client that is checked out has no other listener, and the query hears of it too
  }

  #send(client: PgSession): Promise<void> {
    const { connection } = client;
    this.#settled = new Promise((resolve, reject) => {
      const settle = (error?: unknown) => {
        this.#state = "over";
        connection.stream.resume();
        if (error === undefined) return resolve();
        if (isCancelled(error)) return onceReady(connection, () => reject(error));
        // A statement that failed leaves the connection as it was; one that is lost has its own error to tell when it ends.
        connection.once("readyForQuery", () => client.removeListener("error", ignore));
        reject(error);
      };
      const query = this.#options.query(client, settle);
      client.query({
        ...query,
        submit: () => {
          if (this.#left) return new Error("The reader left while the query waited for its turn.");
          this.#state = "submitted";
          return query.submit(connection);
        },
      });
    });
    return this.#settled;
  }

  async #cancel(client: PgSession): Promise<void> {
    const { connection } = client;
    const settled = this.#settled ?? Promise.resolve();
    connection.stream.pause(); // whatever is queued behind ours must not begin before the request has had its effect
    const send = () => requestCancel(client);
    if (await cancelQuery(send, settled, () => connection.stream.resume())) return;
    connection.stream.destroy();
  }

  async #giveBack(client: PgSession, error: unknown): Promise<void> {
    let sound = error === undefined || isCancelled(error);
    if (this.#options.begin !== undefined && sound && this.#client !== undefined) {
      const end = client.query(error === undefined ? "COMMIT" : "ROLLBACK");
      sound = await end.then(
        () => true,
        () => false,
      );
    }
    if (sound) client.removeListener("error", ignore);
    if (this.#options.isPool) client.release?.(!sound);
  }
}

/** Calls back when the connection is ready for another query, or has ended. */
function onceReady(connection: PgConnection, callback: () => void): void {
  const events = ["readyForQuery", "end"];
  const listener = () => {
    for (const event of events) connection.removeListener(event, listener);
    callback();
  };
  for (const event of events) connection.on(event, listener);
}

const ignore = () => {};
