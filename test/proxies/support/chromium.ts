import { execFileSync } from "node:child_process";

import { chromium, type Browser } from "playwright-core";

import type { Certificate } from "./certificate.ts";

interface ChromiumOptions {
  /** A certificate to accept although nobody has signed it. */
  readonly certificate?: Certificate | undefined;
  /** Speak HTTP/3 with `localhost` on this port, without being told by an Alt-Svc header. */
  readonly http3Port?: number | undefined;
}

/** Starts the machine's own Chromium, without a window and without the traffic that it makes by itself. */
export function launchChromium({ certificate, http3Port }: ChromiumOptions = {}): Promise<Browser> {
  const args = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox", // which needs rights that a test run may not have
  ];
  // `--ignore-certificate-errors` would not count for HTTP/3.
  if (certificate !== undefined) {
    args.push(`--ignore-certificate-errors-spki-list=${certificate.publicKeyHash}`);
  }
  if (http3Port !== undefined) {
    args.push("--enable-quic", `--origin-to-force-quic-on=localhost:${http3Port}`);
  }
  const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
  return chromium.launch({ executablePath: executablePath.trim(), args });
}
