import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";

import { missing } from "../../support/required.ts";
import { caddy, startCaddySite } from "./caddy.ts";
import { makeCertificate } from "./certificate.ts";
import { launchChromium } from "./chromium.ts";
import { startOrigin, type Origin } from "./origin.ts";
import { freePort } from "./process.ts";

/** Our server as a browser meets it. */
export interface Site {
  /** `https://localhost:8443`, without a slash at the end. */
  readonly url: string;
  readonly origin: Origin;
  readonly browser: Browser;
  stop(): Promise<void>;
}

/** A protocol between the browser and what it meets. */
interface SiteKind {
  readonly name: string;
  /** As the browser names it (Resource Timing, `nextHopProtocol`). */
  readonly protocol: string;
  readonly skip: () => string | false;
  /** Whether a response that the server has cut ends cleanly for the browser. */
  readonly hidesCuts: () => boolean;
  open(): Promise<Site>;
}

export const http11: SiteKind = {
  name: "Chromium over HTTP/1.1",
  protocol: "http/1.1",
  skip: () => missing("chromium"),
  hidesCuts: () => false,
  async open() {
    const origin = await startOrigin();
    const browser = await launchChromium();
    return site(origin.server.url, origin, browser);
  },
};

export const http2: SiteKind = {
  name: "Chromium over HTTP/2",
  protocol: "h2",
  skip: () => missing("chromium") || missing("openssl"),
  hidesCuts: () => false,
  async open() {
    const certificate = makeCertificate();
    const origin = await startOrigin(certificate);
    const browser = await launchChromium({ certificate });
    return site(`https://localhost:${origin.server.port}`, origin, browser);
  },
};

export const http3: SiteKind = {
  name: "Chromium over HTTP/3, through Caddy",
  protocol: "h3",
  skip: () => missing("chromium") || missing("openssl") || missing("caddy"),
  hidesCuts: () => caddy.hidesCuts("HTTP/2"),
  async open() {
    const certificate = makeCertificate();
    const folder = await mkdtemp(join(tmpdir(), "millrace-http3-"));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    await writeFile(cert, certificate.cert);
    await writeFile(key, certificate.key);
    const origin = await startOrigin();
    const port = await freePort();
    const proxy = await startCaddySite(
      `https://localhost:${port}`,
      port,
      `tls ${cert} ${key}\nreverse_proxy 127.0.0.1:${origin.server.port}`,
    );
    const browser = await launchChromium({ certificate, http3Port: port });
    return site(proxy.url, origin, browser, async () => {
      await proxy.stop();
      await rm(folder, { recursive: true });
    });
  },
};

function site(url: string, origin: Origin, browser: Browser, stopMore = async () => {}): Site {
  const stop = async () => {
    await browser.close();
    await stopMore();
    await origin.server.close({ drain: 0 });
  };
  return { url, origin, browser, stop };
}
