import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits until `check` returns something truthy and returns that; for states that announce themselves by no event.
 *
 * @throws when it has not happened after `timeout` ms.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeout = 5_000, what = "it" } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeout;
  while (true) {
    const value = await check();
    if (value) return value;
    if (performance.now() > deadline)
      throw new Error(`${what} did not happen within ${timeout} ms`);
    await delay(5);
  }
}
