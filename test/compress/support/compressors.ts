import { createHook } from "node:async_hooks";

/** A stream of node:zlib, seen from below: its handle is null when its memory was given back. */
interface Owner {
  readonly _handle: object | null;
}

const handles: object[] = [];

createHook({
  init(_id, type, _trigger, resource) {
    if (type === "ZLIB") handles.push(resource);
  },
}).enable();

/** Compressors that there were in this process since it was last asked to forget them. */
export function countCompressors(): number {
  return compressors().length;
}

/** Those of them whose memory was not given back. */
export function openCompressors(): number {
  return compressors().filter(({ _handle }) => _handle !== null).length;
}

export function forgetCompressors(): void {
  handles.length = 0;
}

/** Not the decoders, which are the tests' own. */
function compressors(): Owner[] {
  return handles.flatMap((handle) => {
    const owner = ownerOf(handle);
    return /Deflate|Compress$/.test(owner?.constructor.name ?? "") ? [owner as Owner] : []; // it has a name
  });
}

/** Node links a handle with its stream by a symbol of its own. */
function ownerOf(handle: object): Owner | undefined {
  const symbol = Object.getOwnPropertySymbols(handle).find(
    ({ description }) => description === "owner_symbol",
  );
  return symbol === undefined ? undefined : (handle as Record<symbol, Owner>)[symbol]; // which it has
}
