import { runtimePath, type RuntimeName } from "../../runtimes/paths.ts";
import { notHere } from "./required.ts";

/** A runtime that the repo brings. */
export interface Runtime {
  /** Its executable; empty when it is not there. */
  readonly path: string;
  /** Why tests that need it are skipped. */
  readonly skip: string | false;
}

/**
 * Where a runtime is. Without it tests are skipped, or fail with `MILLRACE_REQUIRE=all`.
 *
 * @example
 * const bun = runtime("bun");
 * test("on Bun", { skip: bun.skip }, () => runProgram(bun.path, ["app.ts"]));
 */
export function runtime(name: RuntimeName): Runtime {
  const path = runtimePath(name);
  if (path !== undefined) return { path, skip: false };
  return { path: "", skip: notHere(name) };
}
