const encoder = new TextEncoder();

/** A web stream as it is usually written: a chunk for each pull. */
export function webStream(
  source: Iterable<string> | AsyncIterable<string>,
): ReadableStream<Uint8Array> {
  if (Symbol.iterator in source) {
    const iterator = source[Symbol.iterator]();
    return new ReadableStream({
      pull(controller) {
        const step = iterator.next();
        if (step.done === true) controller.close();
        else controller.enqueue(encoder.encode(step.value));
      },
      cancel: () => void iterator.return?.(),
    });
  }
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const step = await iterator.next();
      if (step.done === true) controller.close();
      else controller.enqueue(encoder.encode(step.value));
    },
    cancel: () => void iterator.return?.(),
  });
}
