import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import * as net from "node:net";
import type { SecureContextOptions, TlsOptions } from "node:tls";

import type { NodeRequestLike, NodeResponseLike } from "./exchange.ts";
import { guardSession } from "./http2-session.ts";
import type { ServerSettings } from "./server-limits.ts";

type Listener = (req: NodeRequestLike, res: NodeResponseLike) => void;

/** Certificate and key in PEM, and whatever else `node:tls` knows. */
export type ServerTls = SecureContextOptions & TlsOptions;

export interface Listening {
  /** What listens on the port. */
  readonly front: net.Server;
  /** Ends HTTP/1 connections that no response is on, and lets HTTP/2 sessions finish what they have. */
  closeIdle(): void;
  /** Lets go of what the server holds besides its connections. */
  dispose(): void;
}

/** Makes the servers for the protocols that were asked for: one, or two behind one port. */
export function createListeners(
  listener: Listener,
  tls: ServerTls | undefined,
  useHttp2: boolean,
  limits: ServerSettings,
): Listening {
  if (!useHttp2) return http1Only(listener, tls, limits);
  const sessions = new Set<http2.ServerHttp2Session>();
  return tls === undefined
    ? cleartext(listener, limits, sessions)
    : secure(listener, tls, limits, sessions);
}

function http1Only(
  listener: Listener,
  tls: ServerTls | undefined,
  limits: ServerSettings,
): Listening {
  const options = { ...http1Options(limits), handshakeTimeout: handshake(limits) };
  const server =
    tls === undefined
      ? http.createServer(options, listener)
      : https.createServer(
          { ALPNProtocols: ["http/1.1", "http/1.0"], ...tls, ...options },
          listener,
        );
  server.maxHeadersCount = limits.headerCount + 1; // one more than allowed is seen, and refused by us
  return { front: server, closeIdle: () => server.closeIdleConnections(), dispose() {} };
}

/** HTTP/2 and HTTP/1.1 over TLS; ALPN decides (RFC 7301). */
function secure(
  listener: Listener,
  tls: ServerTls,
  limits: ServerSettings,
  sessions: Set<http2.ServerHttp2Session>,
): Listening {
  const options = { ...tls, ...http1Options(limits), ...http2Options(limits) };
  const server = http2.createSecureServer(
    { ...options, allowHTTP1: true, handshakeTimeout: handshake(limits) },
    listener,
  );
  // Its HTTP/1 half takes these as properties only.
  Object.assign(server, http1Options(limits), { maxHeadersCount: limits.headerCount + 1 });
  guardSessions(server, limits, sessions);
  const http1 = server as unknown as { closeIdleConnections(): void }; // there with allowHTTP1, missing in the types
  return {
    front: server,
    closeIdle() {
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    dispose() {},
  };
}

/**
 * HTTP/1 and HTTP/2 with prior knowledge on one port without TLS (RFC 9113 3.3): the first bytes tell, since the preface of
 * HTTP/2 begins with a method that HTTP/1 does not have.
 */
function cleartext(
  listener: Listener,
  limits: ServerSettings,
  sessions: Set<http2.ServerHttp2Session>,
): Listening {
  const http1 = http.createServer(http1Options(limits), listener);
  http1.maxHeadersCount = limits.headerCount + 1;
  http1.emit("listening"); // it never listens itself; this starts its own watch over slow requests
  const h2 = http2.createServer(http2Options(limits), listener);
  guardSessions(h2, limits, sessions);
  const front = net.createServer({ noDelay: true }, (socket) => {
    let seen = Buffer.alloc(0);
    const ignore = () => socket.destroy();
    socket.on("error", ignore);
    if (limits.requestHead !== false) socket.setTimeout(limits.requestHead, ignore);
    socket.on("data", function look(bytes: Buffer) {
      seen = Buffer.concat([seen, bytes]);
      const preface = "PRI".startsWith(seen.toString("latin1", 0, 3));
      if (preface && seen.length < 3) return;
      socket.off("data", look);
      socket.off("timeout", ignore);
      socket.off("error", ignore);
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(seen);
      if (preface) {
        h2.emit("connection", socket); // takes what was put back from the buffer (nodejs/node#35475)
      } else {
        http1.emit("connection", socket);
        socket.resume();
      }
    });
  });
  return {
    front,
    closeIdle() {
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    dispose() {
      http1.close(() => {}); // ends its watch; that it did not listen is known
    },
  };
}

function guardSessions(
  server: http2.Http2Server | http2.Http2SecureServer,
  limits: ServerSettings,
  sessions: Set<http2.ServerHttp2Session>,
): void {
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    guardSession(session, limits);
  });
}

/** How `node:http` calls our limits; 0 is its word for "none". */
function http1Options(limits: ServerSettings) {
  return {
    // Node takes whole numbers, and a limit of the head only within that of the request.
    headersTimeout: Math.ceil(Math.min(limits.requestHead || 0, limits.request || Infinity)),
    requestTimeout: Math.ceil(limits.request || 0),
    // How often it looks; its own default of 30 s makes a limit of 10 s one of 40 s.
    connectionsCheckingInterval: Math.ceil(
      Math.min(1_000, limits.requestHead || 1_000, limits.request || 1_000),
    ),
    keepAliveTimeout: Math.ceil(limits.keepAlive || 0),
    requireHostHeader: false, // refused by us, together with two of them
    maxHeaderSize: limits.headerBytes,
    noDelay: true,
  } satisfies http.ServerOptions;
}

function http2Options(limits: ServerSettings) {
  return {
    settings: {
      maxConcurrentStreams: limits.sessionStreams,
      maxHeaderListSize: limits.headerBytes,
      enablePush: false,
    },
    maxHeaderListPairs: limits.headerCount + 4, // and the four pseudo-header fields
    // In MB. Each stream may hold a full batch here and one in its own queue; beyond, Node refuses new streams.
    maxSessionMemory: Math.max(10, Math.ceil(limits.sessionStreams / 4)),
    // Resets by the client: 100 at once, then 10 a second (CVE-2023-44487).
    streamResetBurst: 100,
    streamResetRate: 10,
  } satisfies http2.ServerOptions;
}

function handshake(limits: ServerSettings): number {
  return limits.requestHead || 120_000; // `node:tls` knows no "none"; this is its default
}
