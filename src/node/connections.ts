import type { Server, Socket } from "node:net";

import { isHttp2, type NodeResponseLike } from "./exchange.ts";

/** The open connections of a server and the responses on them, so that closing can end them: Node offers that for HTTP/1 alone. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #responses = new Set<NodeResponseLike>();

  // One function for all of them: a closure for each connection is a sixth of a KiB of it.
  readonly #forgetSocket: (this: Socket) => void;
  readonly #forget: (this: NodeResponseLike) => void;

  constructor(front: Server) {
    const [sockets, responses] = [this.#sockets, this.#responses];
    this.#forgetSocket = function forgetSocket() {
      sockets.delete(this);
    };
    this.#forget = function forget() {
      responses.delete(this);
    };
    front.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", this.#forgetSocket);
    });
  }

  /** A request has come, and this is its response. */
  add(res: NodeResponseLike): void {
    this.#responses.add(res);
    res.on("close", this.#forget);
  }

  /** Lets every response whose head has not left say that its connection will not be kept. */
  announceEnd(): void {
    for (const res of this.#responses) {
      if (!isHttp2(res) && !res.headersSent) res.setHeader("connection", "close");
    }
  }

  /** Ends the connections that no response is on: silent, or half-way through a request. */
  endUnused(): void {
    const used = new Set(Array.from(this.#responses, (res) => nameOf(peerOf(res))));
    for (const socket of this.#sockets) if (!used.has(nameOf(socket))) socket.destroy();
  }

  endAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

type Peer = Pick<Socket, "remoteAddress" | "remotePort">;

function peerOf(res: NodeResponseLike): Peer | undefined {
  return isHttp2(res) ? res.stream?.session?.socket : res.req.socket;
}

/** The client's end of a connection: it is the same for a socket and for what TLS and HTTP/2 wrap around it. */
function nameOf(peer: Peer | undefined): string {
  return `${peer?.remoteAddress} ${peer?.remotePort}`;
}
