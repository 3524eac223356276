import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The runtimes that the repo brings for its own tests, at the versions in runtimes/package.json. */
export type RuntimeName = "bun" | "deno" | "node22" | "node24" | "node26" | "workerd";

const require = createRequire(import.meta.url);
const { arch, platform } = process;
const exe = platform === "win32" ? ".exe" : "";

/**
 * Where the runtime's executable is. The platform packages are asked for it directly: the launchers of bun, deno and workerd
 * want an install script or start Node first.
 *
 * @returns undefined where there is no package for this platform, or it was not installed.
 */
export function runtimePath(name: RuntimeName): string | undefined {
  switch (name) {
    case "bun": {
      const cpu = arch === "arm64" ? "aarch64" : arch;
      const os = platform === "win32" ? "windows" : platform;
      return find(`@oven/bun-${os}-${cpu}`, `bin/bun${exe}`);
    }
    case "deno":
      return find(`@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`, `deno${exe}`);
    case "workerd": {
      const cpu = arch === "x64" ? "64" : arch;
      const os = platform === "win32" ? "windows" : platform;
      return find(`@cloudflare/workerd-${os}-${cpu}`, `bin/workerd${exe}`);
    }
    case "node22":
    case "node26":
      return find(`${name}-${platform}-${arch}`, "bin/node") ?? thisNode(name);
    case "node24":
      return find(`node-${platform}-${arch}`, "bin/node") ?? thisNode(name);
  }
}

function find(name: string, file: string): string | undefined {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), file);
  } catch {
    return undefined;
  }
}

/** The Node that runs this, if it is of that line: there are packages of Node for Linux only. */
function thisNode(name: RuntimeName): string | undefined {
  return process.versions.node.startsWith(`${name.slice("node".length)}.`)
    ? process.execPath
    : undefined;
}
