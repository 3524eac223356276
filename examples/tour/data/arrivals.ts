import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { PassThrough, type Duplex } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";

/** What a reader has seen arrive. */
export interface Arrival {
  /** Bytes as they came over the wire. */
  readonly bytes: number;
  /** Milliseconds since the lines in them were sent. */
  readonly after: number;
}

/** The codings that a reader can ask for. */
export type Coding = keyof typeof decoders;

const decoders = {
  identity: () => new PassThrough(),
  gzip: () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
} satisfies Record<string, () => Duplex>;

export function isCoding(name: string): name is Coding {
  return Object.hasOwn(decoders, name);
}

/** The time, in ms and parts of them. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

// #region arrivals
/** Reads a stream as it comes over the wire, and decodes it only to see when its lines were sent. */
export async function* arrivals(
  url: string,
  coding: Coding,
  signal: AbortSignal,
): AsyncGenerator<Arrival, undefined> {
  const request = get(url, { headers: { "accept-encoding": coding }, signal });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const decoder = decoders[coding]();
  let bytes = 0;
  for await (const piece of response) {
    const at = now();
    bytes += piece.length;
    await new Promise((done) => decoder.write(piece, done));
    const sent = /data-sent="([\d.]+)"/.exec(String(decoder.read()))?.[1];
    if (sent === undefined) continue; // the coding's own, which belongs to the next lines
    yield { bytes, after: at - Number(sent) };
    bytes = 0;
  }
  return undefined;
}
// #endregion
