import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate for `localhost` that nobody trusts, and what a browser needs to accept it all the same. */
export interface Certificate {
  /** In PEM. */
  readonly cert: string;
  /** In PEM. */
  readonly key: string;
  /** SHA-256 of the public key, in base64, for Chromium's `--ignore-certificate-errors-spki-list`. */
  readonly publicKeyHash: string;
}

/** Makes a certificate with the `openssl` command. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "millrace-certificate-"));
  const [certPath, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  try {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        ...["-keyout", keyPath, "-out", certPath],
      ],
      { stdio: "ignore" },
    );
    const cert = readFileSync(certPath, "utf8");
    const publicKey = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
    const publicKeyHash = createHash("sha256").update(publicKey).digest("base64");
    return { cert, key: readFileSync(keyPath, "utf8"), publicKeyHash };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
