import type { CodingName } from "millrace/compress";

import type { ServerProcess } from "../support/process.ts";

/** One way to send a stream, against the others. */
export interface Variant {
  readonly title: string;
  /** File in `servers/`. */
  readonly file: "millrace-compressed" | "node-gzip";
  /** What the client asks for; undefined for the plain stream. */
  readonly coding?: CodingName | undefined;
}

const ours = "millrace-compressed";
export const plain: Variant = { title: "millrace, not compressed", file: ours };
export const gzip: Variant = { title: "**millrace, gzip**", file: ours, coding: "gzip" };
export const br: Variant = { title: "**millrace, br**", file: ours, coding: "br" };
export const zstd: Variant = { title: "**millrace, zstd**", file: ours, coding: "zstd" };

const byHand = "node-gzip";
export const plainByHand: Variant = { title: "`res.write`, not compressed", file: byHand };
export const gzipByHand: Variant = { title: "`createGzip()`", file: byHand, coding: "gzip" };

/** The server of a variant among those that run. */
export function serverOf({ file }: Variant, servers: readonly ServerProcess[]): ServerProcess {
  const server = servers.find(({ name }) => name === file);
  if (server === undefined) throw new Error(`bench/servers/${file}.ts does not run`);
  return server;
}
