import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";

import type { Running } from "./process.ts";

/** A proxy that listens on the loopback interface and passes everything on to a server there. */
export interface Proxy extends Running {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string;
}

export interface ProxyOptions {
  /** Port of the server behind the proxy, on 127.0.0.1. */
  readonly upstream: number;
  /** How long the proxy waits for the next bytes from the server, in seconds. Default: its own. */
  readonly idle?: number | undefined;
  /** Whether the proxy compresses what it passes on. Default: no. */
  readonly gzip?: boolean | undefined;
  /** Whether it speaks HTTP/2 to its clients, without TLS, instead of HTTP/1.1. Default: no. */
  readonly http2?: boolean | undefined;
  /** Further lines for the part of its configuration that is about the server. */
  readonly lines?: readonly string[] | undefined;
}

/** One way through a proxy to a server. */
export interface ProxyKind {
  /** For the titles of tests: `nginx (HTTP/1.0 upstream)`. */
  readonly name: string;
  /** The command it needs. */
  readonly program: string;
  /** Whether its clients see a clean end although the server has cut the response, unless there is a Content-Length. */
  hidesCuts(client: "HTTP/1.1" | "HTTP/2"): boolean;
  /** When a server that is silent learns that the client has left. */
  readonly tellsOfLeaving: "at once" | "with the next bytes";
  start(options: ProxyOptions): Promise<Proxy>;
}

/** The version that a program names when it is asked with `argument`, as `[2, 6, 12]`. */
export function versionOf(program: string, argument: string): readonly [number, number, number] {
  const path = `/usr/sbin:/sbin:${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, HOME: tmpdir(), PATH: path };
  const text = execFileSync(program, [argument], { encoding: "utf8", env });
  const numbers = /\d+\.\d+\.\d+/.exec(text)?.[0] ?? "";
  const [major = 0, minor = 0, patch = 0] = numbers.split(".").map(Number);
  return [major, minor, patch];
}
