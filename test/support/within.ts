/**
 * What `promise` resolves with, when it does so within `ms`; so that something that never happens is a failure that says
 * what, and not a test that hangs.
 */
export async function within<T>(promise: Promise<T>, what: string, ms = 10_000): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
