import { MillraceError } from "./errors.ts";

/** What a source yields: text, sent as UTF-8, or bytes, sent as they are. */
export type Chunk = string | Uint8Array;

/** What a source function is called with. */
export interface SourceContext {
  /** Aborts when the client leaves, when a limit passes, and when the server closes past its drain time. */
  readonly signal: AbortSignal;
}

/** Anything that yields chunks. (`object` keeps strings out: they are iterable, one character at a time.) */
export type ChunkStream =
  | (Iterable<Chunk> & object)
  | (AsyncIterable<Chunk> & object)
  | ReadableStream<Chunk>
  | ReadableStream<string>
  | ReadableStream<Uint8Array>;

/** The source of a stream: something that yields chunks, a promise of it, or a function that returns either. */
export type Source =
  | ChunkStream
  | PromiseLike<ChunkStream>
  | ((context: SourceContext) => ChunkStream | PromiseLike<ChunkStream>);

/**
 * An opened source, told apart by whether its steps have to be awaited. A `queued` one is fed from outside and hands out what
 * has arrived in handfuls, with turns of the event loop between them that are no waits.
 */
export type OpenSource =
  | { readonly sync: true; readonly queued: false; readonly iterator: Iterator<unknown> }
  | { readonly sync: false; readonly queued: boolean; readonly iterator: AsyncIterator<unknown> };

/**
 * Throws unless `source` can be the source of a stream, so that the mistake is found where it was made.
 *
 * @throws MillraceError `SOURCE_INVALID`
 */
export function checkSource(source: unknown): void {
  if (typeof source === "function" || isPromise(source)) return;
  checkStream(source, "The source of a StreamingHttpResponse");
}

/**
 * Begins to read a source that has been called and awaited already. An object that is iterable in both ways is read
 * synchronously, as in Django.
 */
export function openSource(value: unknown): OpenSource {
  checkStream(value, "What the source function returned");
  const stream = value as StreamLike; // checkStream has looked
  if (stream.getReader !== undefined)
    return { sync: false, queued: true, iterator: readerOf(stream.getReader()) };
  const iterate = stream[Symbol.iterator];
  if (iterate !== undefined) return { sync: true, queued: false, iterator: iterate.call(stream) };
  const iterator = stream[Symbol.asyncIterator]();
  if (isNodeStream(stream))
    return { sync: false, queued: true, iterator: destroying(iterator, stream) };
  return { sync: false, queued: false, iterator };
}

/** A web stream's own iterator would release the lock at its end instead of telling the stream why it was left. */
function readerOf(reader: ReadableStreamDefaultReader<unknown>): AsyncIterator<unknown> {
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>, // the same but for its types
    async return(reason) {
      await reader.cancel(reason);
      return { done: true, value: undefined };
    },
  };
}

/** The iterator of a Node stream destroys it neither before its first step nor while it waits for data. */
function destroying(iterator: AsyncIterator<unknown>, stream: NodeStream): AsyncIterator<unknown> {
  return {
    next: () => iterator.next(),
    async return() {
      destroyStream(stream);
      return { done: true, value: undefined };
    },
  };
}

/** Whether `value` has to be awaited before it can be opened. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

/** Says what a value is, for error messages: `a number (42)`, `an object of class Date`. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (typeof value === "string") return `a string (${JSON.stringify(clip(value))})`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return `a ${typeof value} (${clip(String(value))})`;
  const name = (value.constructor as { name?: string } | undefined)?.name;
  return name === undefined || name === "Object" ? "a plain object" : `an object of class ${name}`;
}

/** As much of a Node stream as is needed to end it. */
interface NodeStream {
  destroy(): unknown;
  on(event: "error", listener: () => void): unknown;
}

export function isNodeStream(value: object): value is NodeStream {
  const { destroy, on } = value as Partial<NodeStream>;
  return typeof destroy === "function" && typeof on === "function";
}

/** Ends a Node stream that nobody reads. A file that it cannot open is an `error` event, and unheard, the process's end. */
export function destroyStream(stream: NodeStream): void {
  stream.on("error", () => {});
  stream.destroy();
}

interface StreamLike {
  getReader?(): ReadableStreamDefaultReader<unknown>;
  locked?: boolean;
  [Symbol.iterator]?(): Iterator<unknown>;
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}

function checkStream(value: unknown, what: string): void {
  const hint = hintFor(value);
  if (hint === undefined) return;
  throw new MillraceError("SOURCE_INVALID", `${what} is ${describe(value)}. ${hint}`);
}

/** What to do about a value that cannot be a stream of chunks; undefined when it can. */
function hintFor(value: unknown): string | undefined {
  if (typeof value === "string") {
    return "It would leave one character at a time. For text that is whole already use `new Response(text)`; to stream it with other parts, give `[text, …]`.";
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return "For bytes that are whole already use `new Response(bytes)`; to stream them with other parts, give `[bytes, …]`.";
  }
  if (value instanceof Response || value instanceof Blob) {
    return `Give its stream instead: ${value instanceof Response ? "`response.body`" : "`blob.stream()`"}.`;
  }
  if (typeof value === "object" && value !== null) {
    const stream = value as Partial<StreamLike>;
    if (typeof stream.getReader === "function") {
      return stream.locked === true
        ? "It is locked: another reader has it. Give a stream that nobody reads, or one branch of `tee()`."
        : undefined;
    }
    if (typeof stream[Symbol.iterator] === "function") return undefined;
    if (typeof stream[Symbol.asyncIterator] === "function") return undefined;
  }
  return "Give an iterable, an async iterable or a ReadableStream of strings or Uint8Arrays, or a function that returns one.";
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
