/** A running timer: a number in browsers, an object that can be `unref`ed on Node. */
export type Timer = ReturnType<typeof setTimeout>;

/**
 * Starts a timer that does not keep the process alive: whatever it guards has a socket or a pending promise of its own
 * that does. One callback with one argument, so that a thousand quiet streams need no closures.
 */
export function startTimer<T>(callback: (argument: T) => void, ms: number, argument: T): Timer {
  const timer: Timer & { unref?: () => void } = setTimeout(callback, ms, argument);
  timer.unref?.();
  return timer;
}
