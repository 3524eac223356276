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

/** Resolves when the event loop has turned, so that other requests get their share. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => onNextTurn(resolve, undefined));
}
