import { after, afterEach, before, describe, type TestContext } from "node:test";

import { missing } from "../../support/required.ts";
import { caddy, caddyH2c } from "./caddy.ts";
import { haproxy, haproxyH2c } from "./haproxy.ts";
import { nginxHttp10, nginxHttp11 } from "./nginx.ts";
import { startOrigin, type Origin, type View } from "./origin.ts";
import type { Proxy, ProxyKind, ProxyOptions } from "./proxy.ts";

const everyProxy: readonly ProxyKind[] = [
  nginxHttp10,
  nginxHttp11,
  haproxy,
  haproxyH2c,
  caddy,
  caddyH2c,
];

/** A server of ours with a proxy before it, for the tests of one suite. */
export interface Way {
  readonly kind: ProxyKind;
  readonly origin: Origin;
  /** Serves `view` from now on, and returns its URL at the proxy. */
  url(view: View): string;
}

/**
 * Declares a suite that runs through `kind`, and says in one line what it skips where the program is absent. What the
 * proxy has printed is shown with each test that fails.
 */
export function through(
  kind: ProxyKind,
  options: Omit<ProxyOptions, "upstream">,
  defineTests: (way: Way) => void,
): void {
  const skip = missing(kind.program);
  describe(`through ${kind.name}`, { skip, concurrency: true, timeout: 60_000 }, () => {
    let origin: Origin;
    let proxy: Proxy;
    before(async () => {
      origin = await startOrigin();
      proxy = await kind.start({ ...options, upstream: origin.server.port });
    });
    afterEach((context) => {
      // There are no suites in these suites, and `error` is there since Node 21.7 though not in its types.
      const test = context as TestContext & { readonly error?: unknown };
      if (test.error !== null && test.error !== undefined) test.diagnostic(proxy.log());
    });
    after(async () => {
      await proxy?.stop();
      await origin?.server.close({ drain: 0 });
    });
    defineTests({
      kind,
      get origin() {
        return origin;
      },
      url: (view) => proxy.url + origin.mount(view),
    });
  });
}

/** As {@link through}, for each of the proxies. */
export function throughEach(
  options: Omit<ProxyOptions, "upstream">,
  defineTests: (way: Way) => void,
): void {
  for (const kind of everyProxy) through(kind, options, defineTests);
}
