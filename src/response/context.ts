/** What `AsyncLocalStorage` held at one moment. */
export interface Context {
  runInAsyncScope(callback: () => void): void;
}

interface AsyncHooks {
  readonly AsyncResource: new (type: string, options: object) => Context;
}

interface Host {
  readonly process?: { getBuiltinModule?(name: string): AsyncHooks | undefined };
}

const host: Host = globalThis;
const hooks = host.process?.getBuiltinModule?.("node:async_hooks");

/**
 * Captures what `AsyncLocalStorage` holds now: a source runs after its view has returned, and still belongs to the same
 * request, with its locale, its logger and its transaction. Undefined where the host has no such thing.
 *
 * A resource costs a hundredth of `AsyncLocalStorage.snapshot()`.
 */
export function captureContext(): Context | undefined {
  return hooks && new hooks.AsyncResource("StreamingHttpResponse", { requireManualDestroy: true });
}
