import { execFileSync } from "node:child_process";

/**
 * Whether a program that a test needs is on this machine. Absent, the test is skipped with one line that says so; with
 * `MILLRACE_REQUIRE=all` its absence is an error instead, so that nothing is skipped in silence.
 *
 * @example
 * test("through nginx", { skip: missing("nginx") }, async () => { … });
 */
export function missing(program: string): string | false {
  const path = `/usr/sbin:/sbin:${process.env["PATH"] ?? ""}`;
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { env: { PATH: path }, stdio: "ignore" });
    return false;
  } catch {
    return notHere(program);
  }
}

/**
 * The reason to skip a test for something that is not on this machine.
 *
 * @throws with `MILLRACE_REQUIRE=all`
 */
export function notHere(program: string): string {
  const message = `${program} is not installed`;
  if (process.env["MILLRACE_REQUIRE"] === "all") {
    throw new Error(`${message}, and MILLRACE_REQUIRE=all forbids to skip`);
  }
  return message;
}
