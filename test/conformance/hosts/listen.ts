import { once } from "node:events";
import type { Server } from "node:http";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";

import type { RunningHost } from "../host.ts";

/** Lets a server of `node:http` that serves the app in this process listen on a free port. */
export async function listenHttp(server: Server): Promise<RunningHost> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    inProcess: true,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** As {@link listenHttp}, for a server that speaks HTTP/2 without TLS. */
export async function listenHttp2(server: Http2Server): Promise<RunningHost> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    curl: ["--http2-prior-knowledge"],
    inProcess: true,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
