/**
 * Adds to package-lock.json the optional platform packages that npm left out of it.
 *
 * `npm install` drops an optional package that it could not resolve (npm/cli#4828 and its relatives); `npm ci` then refuses
 * the lockfile as incomplete, and an install on that other platform would lack its binary. The dependent names the exact
 * version and the package name says the platform, so the entry can be written without asking anybody. It carries no
 * integrity; whoever next runs `npm install` on that platform fills it in.
 *
 * Run after every `npm install <package>`: `npm run lockfile`.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
  version?: string;
  cpu?: string[];
  dev?: boolean;
  devOptional?: boolean;
  libc?: string[];
  optional?: boolean;
  os?: string[];
  optionalDependencies?: Record<string, string>;
}

interface Lockfile {
  packages: Record<string, LockEntry>;
}

const operatingSystems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const processors = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];
/** What package names say where npm's `os`, `cpu` and `libc` fields say something else. */
const aliases: Record<string, string> = { aarch64: "arm64", windows: "win32", 64: "x64" };

const file = new URL("../package-lock.json", import.meta.url);
const lockfile = JSON.parse(readFileSync(file, "utf8")) as Lockfile; // npm's own format, version 3
const added: string[] = [];

for (const [location, dependent] of Object.entries(lockfile.packages)) {
  for (const [name, range] of Object.entries(dependent.optionalDependencies ?? {})) {
    if (isLocked(location, name)) continue;
    if (!/^\d+\.\d+\.\d+/.test(range)) {
      throw new Error(
        `${name}@${range}, wanted by ${location}, is not locked and its range is not one version.`,
      );
    }
    const { cpu, libc, os } = platformOf(name);
    lockfile.packages[`node_modules/${name}`] = {
      version: range,
      cpu,
      ...(dependent.dev && { dev: true }),
      ...(libc && { libc }),
      optional: true,
      ...(os && { os }),
    }; // in the order in which npm writes them
    added.push(`${name}@${range}`);
  }
}

lockfile.packages = Object.fromEntries(
  Object.entries(lockfile.packages).toSorted(([a], [b]) => a.localeCompare(b, "en")),
);
if (added.length > 0) writeFileSync(file, `${JSON.stringify(lockfile, undefined, 2)}\n`);
console.log(added.length > 0 ? `added ${added.join(", ")}` : "package-lock.json is complete");

/** Whether `name`, required from `location`, is found the way Node looks it up: nearest node_modules first. */
function isLocked(location: string, name: string): boolean {
  for (let from = location; ; from = from.slice(0, Math.max(0, from.lastIndexOf("/")))) {
    if (`${from}${from && "/"}node_modules/${name}` in lockfile.packages) return true;
    if (from === "") return false;
  }
}

function platformOf(name: string): { cpu: string[]; libc?: string[]; os?: string[] } {
  const words = name.split(/[/@-]/).map((word) => aliases[word] ?? word);
  const cpu = words.find((word) => processors.includes(word));
  if (!cpu) throw new Error(`The name ${name} does not say for which processor it is.`);
  const os = words.find((word) => operatingSystems.includes(word));
  if (!os) return { cpu: [cpu] };
  if (os !== "linux") return { cpu: [cpu], os: [os] };
  const libc = words.some((word) => word.startsWith("musl")) ? "musl" : "glibc";
  return { cpu: [cpu], libc: [libc], os: [os] };
}
