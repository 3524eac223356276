import type { ExportOptions, ExportOutcome } from "millrace/export";
import type { LiveStream, StreamEnd } from "millrace/node";

import type { Tour } from "../layout/page.ts";

/** An export of the page of exports. */
export interface WatchedExport {
  /** Path and query of its request. */
  readonly url: string;
  /** Rows that were asked for. */
  readonly total: number;
  /** Rows that were read so far. */
  rows: number;
  /** Bytes that were written so far, before any compression. */
  bytes: number;
  /** How it ended; there is none while it runs. */
  outcome: ExportOutcome | undefined;
}

/** The same as the server sees it. */
export interface SentExport extends WatchedExport {
  /** Its stream, while it runs. */
  readonly live: LiveStream | undefined;
  /** Bytes handed to the connection, after any compression. */
  readonly sent: number | undefined;
}

/** The latest first. */
let running: readonly WatchedExport[] = [];
let ended: readonly WatchedExport[] = [];

// #region watch
/** Puts an export on the list: its rows are to pass through `read`, and it needs these options. */
export function watchExport(request: Request, total: number) {
  const { pathname, search } = new URL(request.url);
  const url = pathname + search;
  const entry: WatchedExport = { url, total, rows: 0, bytes: 0, outcome: undefined };
  const isShown = request.method === "GET"; // HEAD starts nothing
  if (isShown) running = [entry, ...running];
  const options: WatchOptions = {
    progress: ({ bytes }) => (entry.bytes = bytes),
    onClose(outcome) {
      entry.outcome = outcome;
      running = running.filter((one) => one !== entry);
      if (isShown) ended = [entry, ...ended].slice(0, 20);
    },
  };
  function* read<Row>(batches: Iterable<readonly Row[]>) {
    for (const batch of batches) {
      entry.rows += batch.length;
      yield batch;
    }
  }
  return { read, options };
}
// #endregion

export type WatchOptions = Pick<ExportOptions, "progress" | "onClose">;

/** The exports that run, with what the server knows of their streams. */
export function runningExports({ streams }: Tour): SentExport[] {
  return match(running, streams).map(([entry, live]) => ({ ...entry, live, sent: live?.bytes }));
}

/** The exports that ended last. */
export function endedExports(tour: Tour): SentExport[] {
  return match(ended, tour.ended).map(([entry, end]) => ({
    ...entry,
    live: undefined,
    sent: end?.outcome.bytes,
  }));
}

/** An address can be asked for twice at a time, but both lists have the latest first. */
function match<Stream extends LiveStream | StreamEnd>(
  entries: readonly WatchedExport[],
  streams: readonly Stream[],
): [WatchedExport, Stream | undefined][] {
  const left = [...streams];
  return entries.map((entry) => {
    const index = left.findIndex(({ method, url }) => method === "GET" && url === entry.url);
    return [entry, index === -1 ? undefined : left.splice(index, 1)[0]];
  });
}
