import { startTimer } from "../../response/timer.ts";

/** How long a cancel request may take, and after how many ms without an effect the next one is sent. */
const REQUEST = 250;
const EFFECT = [100, 300, 1_000];
/** How long requests that are still under way when the query has ended are waited for, in ms. */
const LATE = 500;

/**
 * Ends a query by a request over another connection. A request that overtakes its query has no effect, so it is repeated; one
 * that comes late would hit the next query, so the answer to ours is not read, with `drain`, before the request is through.
 *
 * @returns whether the query has settled; if not, only its connection can be ended.
 */
export async function cancelQuery(
  send: () => Promise<unknown>,
  settled: Promise<unknown>,
  drain: () => void,
): Promise<boolean> {
  const requests: Promise<unknown>[] = [];
  for (const patience of EFFECT) {
    const request = (async () => send())(); // whatever goes wrong with it, the next one is tried
    requests.push(request);
    await within(Promise.race([request, settled]), REQUEST);
    drain();
    if (!(await within(settled, patience))) continue;
    const cancelled = await settled.then(() => false, isCancelled);
    if (!cancelled || requests.length > 1) await within(Promise.allSettled(requests), LATE);
    return true;
  }
  return false;
}

/** Whether this is what a server answers with when its query was cancelled; the connection is as good as before. */
export function isCancelled(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  return code === "57014" || errno === 1317; // query_canceled of PostgreSQL, ER_QUERY_INTERRUPTED of MySQL
}

/** Whether a promise settles, either way, within so many ms. */
export function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = startTimer(resolve, ms, false);
    const settled = () => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
