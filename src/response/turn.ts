/**
 * Calls `callback(argument)` when the event loop turns: after every microtask and after the input that is being
 * handled now, before any wait. Rows that a source yields without really waiting are thereby merged, and a row that
 * is alone leaves at once.
 *
 * Where there is no `setImmediate`, a timer of 0 ms is the nearest thing. A MessageChannel would be sooner, but one that
 * is shared between requests is not allowed on workerd.
 */
export const onNextTurn: <T>(callback: (argument: T) => void, argument: T) => void =
  typeof setImmediate === "function"
    ? (callback, argument) => void setImmediate(callback, argument)
    : (callback, argument) => void setTimeout(callback, 0, argument);

/** `nextTick` where it is Node's own; Bun and Deno have one that comes at other times. */
const { process } = globalThis as { process?: NodeProcess };
interface NodeProcess {
  readonly versions?: { readonly node?: string; readonly bun?: string; readonly deno?: string };
  nextTick?<T>(callback: (argument: T) => void, argument: T): void;
}
const isNode =
  process?.versions?.node !== undefined &&
  process.versions.bun === undefined &&
  process.versions.deno === undefined;

/**
 * Calls `callback(argument)` after every microtask that is queued now and those they queue, which is sooner than
 * {@link onNextTurn}: before other input is handled. What an async generator yields without really waiting is still merged.
 */
export const onNextTick: typeof onNextTurn =
  isNode && process?.nextTick !== undefined ? process.nextTick.bind(process) : onNextTurn;

/** Resolves when the event loop has turned, so that other requests get their share. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => onNextTurn(resolve, undefined));
}
