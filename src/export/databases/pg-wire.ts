/** As much of a Connection of `pg` as is used: the protocol's messages as methods. */
export interface PgConnection {
  readonly stream: PgSocket;
  readonly ssl: unknown;
  on(event: string, listener: () => void): unknown;
  once(event: string, listener: () => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
  query(text: string): void;
  sendCopyFail(reason: string): void;
}

interface PgSocket {
  pause(): void;
  resume(): void;
  destroy(): void;
  setTimeout(ms: number, callback: () => void): void;
}

/** As much of a connected Client of `pg` as is used. */
export interface PgSession {
  readonly connection: PgConnection;
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: number;
  readonly sslNegotiation?: string;
  getTypeParser(oid: number, format: string): (value: string) => unknown;
  query(text: string): Promise<unknown>;
  query(query: PgQuery): unknown;
  on(event: "error", listener: () => void): void;
  removeListener(event: "error", listener: () => void): void;
  /** Of a client that comes from a pool. */
  release?(destroy?: boolean): void;
}

interface PgField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly format: string;
}

/** What a Client of `pg` runs, and calls back with each message of the server (its "submittable"). */
export interface PgQuery {
  submit(connection: PgConnection): Error | null | undefined;
  handleRowDescription(message: { fields: readonly PgField[] }): void;
  handleDataRow(message: { fields: readonly (string | null)[] }): void;
  handlePortalSuspended(): void;
  handleEmptyQuery(): void;
  handleCopyInResponse(connection: PgConnection): void;
  handleCopyData(message: { chunk: Uint8Array }): void;
  handleCommandComplete(message: { text: string }): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
}

/** A cancel request that hears nothing for so many ms is given up. */
const SILENCE = 10_000;

/**
 * Asks the server to cancel what a connection runs, over a connection of its own (protocol 55.2.8). Resolves when the server
 * has closed that one, which it does after it has told the other process; failing is for the caller to find out.
 */
export function requestCancel(client: PgSession): Promise<void> {
  const { ssl } = client.connection;
  const { sslNegotiation } = client;
  // `pg.Connection`, without the need to import the very copy of `pg` that the caller has
  const Connection = client.connection.constructor as new (options: object) => PgConnection;
  const connection = new Connection({ ssl, sslNegotiation });
  return new Promise((resolve) => {
    const cancel = () => connection.cancel(client.processID, client.secretKey);
    const drop = () => connection.stream.destroy();
    connection.on("error", drop);
    connection.stream.setTimeout(SILENCE, drop);
    connection.once("end", resolve);
    if (!ssl) connection.once("connect", cancel);
    else connection.once("sslconnect", cancel);
    if (ssl && sslNegotiation !== "direct")
      connection.once("connect", () => connection.requestSsl());
    if (client.host.startsWith("/")) connection.connect(`${client.host}/.s.PGSQL.${client.port}`);
    else connection.connect(client.port, client.host);
  });
}
