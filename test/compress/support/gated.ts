import type { Chunk } from "millrace";

/** A source that yields a chunk for each gate that the test opens. */
export interface Gated {
  source(): AsyncGenerator<Chunk, void, void>;
  /** Lets the next chunk be made. */
  next(): void;
}

export function gated(chunks: readonly Chunk[]): Gated {
  const gates = chunks.map(() => Promise.withResolvers<void>());
  let opened = 0;
  return {
    async *source() {
      for (const [index, chunk] of chunks.entries()) {
        await gates[index]?.promise;
        yield chunk;
      }
    },
    next: () => gates[opened++]?.resolve(),
  };
}
