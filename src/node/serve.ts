import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";

import { MillraceError } from "../response/errors.ts";
import { checkMilliseconds, checkOptionNames } from "../response/options.ts";
import { startTimer } from "../response/timer.ts";
import { onNextTurn } from "../response/turn.ts";
import { warn } from "../response/warn.ts";
import { Connections } from "./connections.ts";
import { isHttp2, type NodeRequestLike, type NodeResponseLike } from "./exchange.ts";
import { createListeners, type Listening, type ServerTls } from "./listeners.ts";
import { LiveStreams, type LiveStream } from "./live-streams.ts";
import { refuseRequest } from "./refuse.ts";
import { handlerOf, listenWith, type App } from "./request-listener.ts";
import {
  checkSendValues,
  sendOptionNames,
  withSendDefaults,
  type SendOptions,
} from "./send-response.ts";
import {
  checkServerLimits,
  responseLimitsOf,
  withServerDefaults,
  type ServerLimits,
} from "./server-limits.ts";

/** Options of {@link serve}. */
export interface ServeOptions extends Omit<SendOptions, "limits"> {
  /** Port to listen on; 0 takes any free one. Default 8000. */
  port?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`, this machine only; `0.0.0.0` or `::` for every address there is. */
  hostname?: string | undefined;
  /** Certificate and key in PEM (`{ cert, key }`), and whatever else `node:tls` takes. Default: no TLS. */
  tls?: ServerTls | undefined;
  /**
   * Whether to speak HTTP/2 too: by ALPN with TLS, with prior knowledge (h2c) without. HTTP/1.1 stays on the same port.
   * Default `false`.
   */
  http2?: boolean | undefined;
  /** What clients may do, and the default limits of responses. */
  limits?: ServerLimits | undefined;
}

/** Options of {@link Server.close}. */
export interface CloseOptions {
  /** How long open streams may go on, in ms. Default 30_000; 0: not at all. */
  drain?: number | undefined;
}

/** A running server. */
export interface Server extends AsyncDisposable {
  /** Where it listens: `http://localhost:8000`, without a slash at the end. */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** The streams that are open now. */
  readonly streams: LiveStream[];
  /**
   * Stops: accepts no more connections, lets streams finish for up to `drain` ms, then ends the rest with the outcome
   * `cancelled`. Resolves when every connection is closed; a second call returns the same promise.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** How long a closing server waits for a request that is on its way, in ms; one that is there has the whole drain. */
const HALF_SENT = 1_000;

const optionNames = [
  "port",
  "hostname",
  "tls",
  "http2",
  ...sendOptionNames, // `limits` is among them
];

/**
 * Starts a server for an app, over HTTP/1.0, HTTP/1.1 and, when asked, HTTP/2. Resolves when it listens.
 *
 * @throws MillraceError `APP_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`, `LISTEN_FAILED`
 * @example
 * const server = await serve((request) => new StreamingHttpResponse(rows), { port: 8000 });
 * console.log(server.url);
 */
export async function serve(app: App, options: ServeOptions = {}): Promise<Server> {
  const handler = handlerOf(app);
  checkServeOptions(options);
  const { port = 8000, hostname = "127.0.0.1", tls, http2 = false, limits = {} } = options;
  if (http2) warnOfOldHttp2(process.versions.node);
  const settings = withServerDefaults(limits);
  const live = new LiveStreams();
  const sending = withSendDefaults({ ...options, limits: responseLimitsOf(limits) });
  const answer = listenWith(handler, { ...sending, live });
  let closing: Promise<void> | undefined;

  const listening = createListeners(listener, tls, http2, settings);
  if (settings.connections !== false) listening.front.maxConnections = settings.connections;
  const connections = new Connections(listening.front);
  const address = await listen(listening, port, hostname);

  function listener(req: NodeRequestLike, res: NodeResponseLike): void {
    if (refuseRequest(req, res, settings)) return;
    connections.add(res);
    if (closing !== undefined && !isHttp2(res)) res.setHeader("connection", "close");
    answer(req, res);
  }

  async function close({ drain = 30_000 }: CloseOptions = {}): Promise<void> {
    const closed = new Promise((resolve) => listening.front.close(resolve));
    connections.announceEnd();
    const since = performance.now();
    // A response that ends from now on leaves an idle connection behind: looked for until there are none.
    const sweep = setInterval(() => {
      listening.closeIdle();
      if (performance.now() - since > HALF_SENT) connections.endUnused();
    }, 50);
    const end = startTimer(endNow, drain, undefined);
    listening.closeIdle();
    if (drain === 0) endNow();
    await closed;
    clearInterval(sweep);
    clearTimeout(end);
    listening.dispose();
  }

  function endNow(): void {
    const reason = "The server is closing and the stream did not finish within the drain time.";
    live.cancelAll(new MillraceError("SERVER_CLOSING", reason));
    // One turn later, so that the resets of HTTP/2 streams still leave.
    onNextTurn(() => connections.endAll(), undefined);
  }

  const server: Server = {
    url: `${tls === undefined ? "http" : "https"}://${hostOf(options.hostname)}:${address.port}`,
    port: address.port,
    get streams() {
      return live.list();
    },
    close(closeOptions = {}) {
      checkOptionNames(closeOptions, ["drain"], "close");
      if (closeOptions.drain !== 0) checkMilliseconds(closeOptions.drain, "drain");
      closing ??= close(closeOptions);
      return closing;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
  return server;
}

function checkServeOptions(options: ServeOptions): void {
  checkOptionNames(options, optionNames, "serve");
  if (options.limits !== undefined) checkServerLimits(options.limits);
  checkSendValues(options);
  const { port, hostname, tls, http2 } = options;
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new MillraceError("OPTION_INVALID", `port is ${String(port)}; it takes 0 to 65535.`);
  }
  if (hostname !== undefined && (typeof hostname !== "string" || hostname === "")) {
    throw new MillraceError("OPTION_INVALID", `hostname is ${String(hostname)}; it takes a text.`);
  }
  if (http2 !== undefined && typeof http2 !== "boolean") {
    throw new MillraceError("OPTION_INVALID", `http2 is ${String(http2)}; it takes true or false.`);
  }
  if (tls !== undefined) checkTls(tls);
}

function checkTls(tls: ServerTls): void {
  if ((tls.cert === undefined || tls.key === undefined) && tls.pfx === undefined) {
    throw new MillraceError("OPTION_INVALID", "tls needs `cert` and `key`, in PEM, or a `pfx`.");
  }
  try {
    createSecureContext(tls);
  } catch (cause) {
    const why = `tls: the certificate or the key cannot be used (${(cause as Error).message}).`;
    throw new MillraceError("OPTION_INVALID", `${why} Both are needed in PEM.`, { cause });
  }
}

function listen({ front }: Listening, port: number, hostname: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => {
      reject(new MillraceError("LISTEN_FAILED", whyNot(cause, port, hostname), { cause }));
    };
    front.once("error", onError);
    front.listen({ port, host: hostname }, () => {
      front.off("error", onError);
      resolve(front.address() as AddressInfo); // a string only for pipes
    });
  });
}

function whyNot(cause: NodeJS.ErrnoException, port: number, hostname: string): string {
  if (cause.code === "EADDRINUSE") {
    return `Port ${port} is in use on ${hostname}. Choose another port, or stop the program that holds it.`;
  }
  if (cause.code === "EACCES") {
    return `Port ${port} may not be used by this user. Choose a port above 1023.`;
  }
  if (cause.code === "EADDRNOTAVAIL" || cause.code === "ENOTFOUND") {
    return `${hostname} is not an address of this machine. Use 127.0.0.1, 0.0.0.0 or one of its own addresses.`;
  }
  return `Cannot listen on ${hostname}:${port}: ${cause.message}`;
}

/** What a client on this machine writes into its address bar. */
function hostOf(given: string | undefined): string {
  if (given === undefined || given === "0.0.0.0" || given === "::") return "localhost";
  return given.includes(":") ? `[${given}]` : given;
}

/** The first releases of their lines with the HTTP/2 fixes of November 2026. */
const http2Fixed: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  24: [22, 3],
  26: [13, 1],
};

let warnedOfHttp2 = false;

function warnOfOldHttp2(version: string): void {
  if (warnedOfHttp2) return;
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const fixed = http2Fixed[major];
  if (fixed === undefined || minor > fixed[0] || (minor === fixed[0] && patch >= fixed[1])) return;
  warnedOfHttp2 = true;
  warn(
    "HTTP2_OLD_NODE",
    `Node ${version} lacks security fixes of HTTP/2. Upgrade to ${major}.${fixed.join(".")} or later before you face the internet with http2.`,
  );
}
