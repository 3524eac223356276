import { execFile } from "node:child_process";

/** What curl saw. */
export interface CurlResult {
  /** Exit code: 0 only when the response was complete; 18, 52, 56 and 92 are the ways to see a cut one. */
  readonly code: number;
  readonly body: Buffer;
  readonly text: string;
  readonly stderr: string;
}

/** Runs curl as a user would, silent and unbuffered; `timeout` in ms ends a curl that hangs (exit code 28). */
export function curl(args: readonly string[], { timeout = 20_000 } = {}): Promise<CurlResult> {
  const all = ["-sS", "-N", "--max-time", String(timeout / 1000), ...args];
  return new Promise((resolve) => {
    const options = { encoding: "buffer", maxBuffer: 2 ** 30 } as const;
    execFile("curl", all, options, (error, body, stderr) => {
      const code = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
      resolve({ code, body, text: body.toString(), stderr: stderr.toString() });
    });
  });
}
