import { pino, type Logger } from "pino";
import pretty from "pino-pretty";

import type { StreamEnd } from "../node.ts";
import type { LogFormat } from "./serve-options.ts";

/** A logger that writes to standard output: lines of JSON, or lines for people. */
export function createLogger(format: LogFormat): Logger {
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (format === "off") return pino({ enabled: false });
  if (format === "json") return pino(options, pino.destination({ sync: true }));
  return pino(
    options,
    pretty({
      sync: true,
      colorize: process.stdout.isTTY,
      translateTime: "SYS:HH:MM:ss.l",
      ignore: "pid,hostname,method,url,httpVersion,status,outcome,bytes,chunks,firstByte,total",
    }),
  );
}

/** One line for one response: an error where the app failed, a warning where a limit passed. */
export function logOutcome(logger: Logger, end: StreamEnd): void {
  const { method, url, httpVersion, status, outcome } = end;
  const fields = {
    ...{ method, url, httpVersion, status },
    outcome: outcome.type,
    bytes: outcome.bytes,
    chunks: outcome.chunks,
    firstByte: outcome.firstChunk === undefined ? undefined : round(outcome.firstChunk),
    total: round(outcome.duration),
    ...(outcome.type === "failed" || outcome.type === "timed-out" ? { err: outcome.error } : {}),
  };
  const level =
    outcome.type === "failed" ? "error" : outcome.type === "timed-out" ? "warn" : "info";
  logger[level](fields, describeEnd(end));
}

/** `GET /export 200 complete, 1.2 MB in 30 chunks, first byte 3 ms, total 1.20 s` */
function describeEnd({ method, url, status, outcome }: StreamEnd): string {
  const parts = [
    `${method} ${url} ${status} ${outcome.type}`,
    `${readable(outcome.bytes)} in ${outcome.chunks} ${outcome.chunks === 1 ? "chunk" : "chunks"}`,
  ];
  if (outcome.firstChunk !== undefined) parts.push(`first byte ${duration(outcome.firstChunk)}`);
  parts.push(`total ${duration(outcome.duration)}`);
  return parts.join(", ");
}

function readable(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
