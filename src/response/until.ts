/**
 * Yields what `source` yields until `signal` aborts, even if the source does not listen to the signal itself.
 *
 * An async generator parked in an `await` cannot be stopped from outside: `return()` queues behind the pending `next()`
 * (whatwg/streams#1255). Racing each step against the signal lets the loop around it end at once; the parked
 * generator is told to return and left to finish in its own time.
 *
 * @throws the signal's reason, when it aborts.
 * @example
 * for await (const row of until(rows, signal)) yield format(row);
 */
export async function* until<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, void> {
  signal.throwIfAborted();
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  let leave: (reason: unknown) => void = () => {};
  const onAbort = () => leave(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    while (true) {
      // A new promise for each step: racing against one long-lived promise would add a reaction to it with every
      // step, a leak as long as the stream (nodejs/node#17469).
      const step = await new Promise<IteratorResult<T>>((resolve, reject) => {
        leave = reject;
        if (signal.aborted) onAbort();
        else iterator.next().then(resolve, (error: unknown) => ((ended = true), reject(error)));
      });
      if (step.done) {
        ended = true;
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!ended) void leaveBehind(iterator);
  }
}

async function leaveBehind(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Its own late failure has no reader any more.
  }
}
