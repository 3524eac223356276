import { isPromise, type OpenSource } from "./source.ts";
import { startTimer } from "./timer.ts";
import { textOf, warn } from "./warn.ts";

/** A source that has not finished this many ms after its reader left is named in a warning. */
const DEAF_AFTER = 5_000;

/** Who a source belongs to, for warnings. */
export interface Owner {
  /** `GET /export` */
  readonly label: string;
  /** As `performance.now()`. */
  readonly startedAt: number;
}

/**
 * Tells a source to clean up. Nobody waits for it: `return()` of an async generator queues behind its pending `next()`.
 */
export function closeSource(source: OpenSource, reason: unknown, owner: Owner): void {
  try {
    const returned = source.iterator.return?.(reason);
    if (isPromise(returned)) watchSource(returned, owner);
  } catch (error) {
    warnOfCleanup(error, owner);
  }
}

/** Warns when what is left of a source has not come to an end after a while, or ends badly. */
export function watchSource(ending: PromiseLike<unknown>, owner: Owner): void {
  const timer = startTimer(warnOfDeafness, DEAF_AFTER, owner);
  const settled = () => clearTimeout(timer);
  ending.then(settled, (error: unknown) => {
    settled();
    if ((error as Error | undefined)?.name !== "AbortError") warnOfCleanup(error, owner);
  });
}

function warnOfCleanup(error: unknown, owner: Owner): void {
  warn(
    "SOURCE_CLEANUP_THREW",
    `The source of ${owner.label} threw while it was closed: ${textOf(error)}`,
  );
}

function warnOfDeafness(owner: Owner): void {
  const age = ((performance.now() - owner.startedAt) / 1000).toFixed(1);
  warn(
    "SOURCE_DEAF",
    `The source of ${owner.label} (${age} s old) has not finished ${DEAF_AFTER / 1000} s after its reader left. It is parked in an ` +
      "await that does not listen: pass `{ signal }` on to what it awaits, or wrap that in `until(source, signal)`.",
  );
}
