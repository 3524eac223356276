import { cancelQuery, isCancelled } from "./cancel-query.ts";
import type { ColumnNames } from "./database-rows.ts";
import type { Feed, Tap } from "./feed.ts";
import type { MysqlClient } from "./mysql-rows.ts";
import type { DatabaseRow } from "./piles.ts";

/** A pool of `mysql2`, as far as it is used. */
interface MysqlPool {
  getConnection(callback: (error: Error | null, connection: MysqlConnection) => void): void;
}

/** A connection of `mysql2`, as far as it is used. */
interface MysqlConnection {
  readonly config: object;
  readonly threadId: number;
  readonly stream: {
    pause(): void;
    resume(): void;
    destroy(): void;
    setTimeout(ms: number, callback: () => void): void;
  };
  query(query: MysqlQuery): void;
  query(sql: string, callback: () => void): void;
  ping(callback: (error: unknown) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  removeListener(event: "error", listener: (error: unknown) => void): void;
  destroy(): void;
  /** Of a connection that comes from a pool. */
  release?(): void;
}

interface ConnectionClass {
  new (options: { config: object }): MysqlConnection;
  createQuery(options: object, values: undefined, callback: undefined, config: object): MysqlQuery;
}

/** A command of `mysql2`, which calls back with each row. */
interface MysqlQuery {
  /** Called when its turn has come; `null` when there is nothing to wait for. */
  start(...parameters: unknown[]): unknown;
  on(event: "fields", listener: (fields: readonly { name: string }[] | undefined) => void): void;
  on(event: "result", listener: (row: unknown) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  on(event: "end", listener: () => void): void;
}

/** What is asked of the server. */
export interface MysqlRequest {
  readonly sql: string;
  readonly values: unknown;
  readonly types: boolean;
}

/** Runs one query on a connection of `mysql2`, from a pool or the caller's own. */
export class MysqlTap implements Tap {
  readonly #client: MysqlPool | MysqlConnection;
  readonly #request: MysqlRequest;
  readonly #feed: Feed<DatabaseRow, readonly DatabaseRow[]>;
  readonly #names: ColumnNames;
  #connection: MysqlConnection | undefined;
  /** Settles with the query. */
  #settled: Promise<void> | undefined;
  #killed: Promise<void> | undefined;
  /** Hears of the connection what the query does not: that it is lost. */
  #lost: (error: unknown) => void = () => {};
  #state: "waits" | "started" | "over" = "waits";
  #left = false;

  constructor(
    client: MysqlClient,
    request: MysqlRequest,
    feed: Feed<DatabaseRow, readonly DatabaseRow[]>,
    names: ColumnNames,
  ) {
    this.#client = coreOf(client);
    this.#request = request;
    this.#feed = feed;
    this.#names = names;
  }

  async run(): Promise<void> {
    const connection = isPool(this.#client) ? await connect(this.#client) : this.#client;
    let error: unknown;
    try {
      if (!this.#left) await this.#send(connection);
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      await this.#killed;
      this.#giveBack(connection, error);
    }
  }

  flow(on: boolean): void {
    const stream = this.#connection?.stream;
    if (this.#state === "over") return;
    if (on) stream?.resume();
    else stream?.pause();
  }

  leave(): boolean {
    this.#left = true;
    const connection = this.#connection;
    if (this.#state === "waits" || connection === undefined) return false;
    if (this.#state === "started") this.#killed = this.#kill(connection);
    return true;
  }

  #send(connection: MysqlConnection): Promise<void> {
    this.#connection = connection;
    this.#settled = new Promise<void>((resolve, reject) => {
      this.#lost = reject;
      connection.on("error", reject);
      const query = createQuery(connection, this.#request);
      const { start } = query;
      query.start = (...parameters) => {
        if (this.#left) return null;
        this.#state = "started";
        return start.apply(query, parameters);
      };
      query.on("fields", (fields) => {
        this.#names.columns ??= fields?.map(({ name }) => name);
      });
      query.on("result", (row) => {
        if (Array.isArray(row)) this.#feed.add(row); // what changes data answers with an object
      });
      query.on("error", reject);
      query.on("end", resolve);
      connection.query(query);
    }).finally(() => {
      this.#state = "over";
      connection.stream.resume();
    });
    return this.#settled;
  }

  async #kill(connection: MysqlConnection): Promise<void> {
    const settled = this.#settled ?? Promise.resolve();
    connection.stream.pause(); // whatever is queued behind ours must not begin before the request has had its effect
    const send = () => killQuery(connection);
    if (await cancelQuery(send, settled, () => connection.stream.resume())) return;
    connection.stream.destroy();
  }

  #giveBack(connection: MysqlConnection, error: unknown): void {
    const reject = this.#lost;
    const keep = () => connection.removeListener("error", reject);
    const sound = error === undefined || isCancelled(error);
    if (sound) keep();
    if (isPool(this.#client)) {
      if (sound) connection.release?.();
      else connection.destroy();
    } else if (!sound) {
      // After the error of a statement all is well, after that of a connection it says so once more when it ends.
      connection.ping((dead) => dead ?? keep());
    }
  }
}

/** The connection or pool below those of `mysql2/promise`. */
function coreOf(client: MysqlClient): MysqlPool | MysqlConnection {
  const { pool, connection } = client as { pool?: MysqlPool; connection?: MysqlConnection };
  return pool ?? connection ?? (client as unknown as MysqlPool | MysqlConnection); // as it is told apart
}

const isPool = (client: MysqlPool | MysqlConnection) => "getConnection" in client;

function connect(pool: MysqlPool): Promise<MysqlConnection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) =>
      error === null ? resolve(connection) : reject(error),
    );
  });
}

function createQuery(
  connection: MysqlConnection,
  { sql, values, types }: MysqlRequest,
): MysqlQuery {
  const exact = { dateStrings: true, supportBigNumbers: true, typeCast: jsonAsText };
  const options = { sql, values, rowsAsArray: true, ...(types ? {} : exact) };
  return classOf(connection).createQuery(options, undefined, undefined, connection.config);
}

interface MysqlField {
  readonly type: string;
  /** `json` where MariaDB says it of a text. */
  readonly extendedFormat?: string;
  string(encoding: string): string | null;
}

function jsonAsText(field: MysqlField, next: () => unknown): unknown {
  return field.type === "JSON" || field.extendedFormat === "json" ? field.string("utf8") : next();
}

/** The `Connection` of the caller's own `mysql2`; the class of a pool's connections is derived from it. */
function classOf(connection: MysqlConnection): ConnectionClass {
  const own = connection.constructor as ConnectionClass;
  return "release" in connection ? (Object.getPrototypeOf(own) as ConnectionClass) : own;
}

/** A request to kill that hears nothing for so many ms is given up. */
const SILENCE = 10_000;

/** Asks the server to end what a connection runs, over a connection of its own; resolves when it has, or could not. */
function killQuery(connection: MysqlConnection): Promise<void> {
  const Connection = classOf(connection);
  const other = new Connection({ config: connection.config });
  return new Promise((resolve) => {
    const done = () => {
      other.destroy();
      resolve();
    };
    other.on("error", done);
    other.stream.setTimeout(SILENCE, done);
    other.query(`KILL QUERY ${connection.threadId}`, done);
  });
}
