import type { TestContext } from "node:test";

import { serve, type App, type Server, type ServeOptions } from "millrace/node";

/** A server on a free port, for one test: errors are not printed, and nothing of it is left behind. */
export async function serving(
  t: TestContext,
  app: App,
  options: ServeOptions = {},
): Promise<Server> {
  const server = await serve(app, { port: 0, onError() {}, ...options });
  t.after(() => server.close({ drain: 0 }));
  return server;
}

/** The path of a request. */
export function pathOf(request: Request): string {
  return new URL(request.url).pathname;
}
