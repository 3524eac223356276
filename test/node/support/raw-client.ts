import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { within } from "../../support/within.ts";

/** How long a client waits for what should happen at once, in ms. Generous: the machine may be busy. */
const PATIENCE = 10_000;

/** A client that sends exactly the bytes it is told to, and keeps all it gets. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  /** What has arrived, one character for each byte. */
  text = "";
  /** Resolves when the connection is closed, however it ended; to the code of its error, if it had one. */
  readonly closed: Promise<string | undefined>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      let code: string | undefined;
      socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
      socket.on("close", () => resolve(code));
    });
    socket.on("data", (bytes: Buffer) => (this.text += bytes.toString("latin1")));
  }

  /** Connects to a port of this machine and, when asked, shakes hands. */
  static async open(port: number, options: { tls?: boolean } = {}): Promise<RawClient> {
    const address = { port, host: "127.0.0.1" };
    const socket = options.tls
      ? connectTls({ ...address, rejectUnauthorized: false })
      : connect(address);
    const client = new RawClient(socket);
    await once(socket, options.tls ? "secureConnect" : "connect");
    return client;
  }

  /** Connects, sends `text`, and returns what comes back until the server closes. */
  static async exchange(port: number, text: string): Promise<string> {
    using client = await RawClient.open(port);
    client.write(text);
    await client.end();
    return client.text;
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Resolves when `part` has arrived; throws when the connection ends before. */
  async until(part: string): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE);
    while (!this.text.includes(part)) {
      if (this.socket.destroyed) throw new Error(`closed before ${JSON.stringify(part)}`);
      const over = this.closed.then(() => {});
      await Promise.race([once(this.socket, "data", { signal: deadline }), over]);
    }
  }

  /** Resolves when the server has closed the connection; throws when it does not. */
  end(patience: number = PATIENCE): Promise<string | undefined> {
    return within(this.closed, "the close of the connection by the server", patience);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A whole HTTP/1.1 GET. */
export function get(path: string, ...fields: string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

/** The status of each response in what a client got. */
export function statusesIn(text: string): number[] {
  return Array.from(text.matchAll(/HTTP\/1\.[01] (\d{3}) /g), ([, status]) => Number(status));
}
