import { spawn } from "node:child_process";

/**
 * Runs the same command again under Node's own `--watch`, which starts it anew when the app or anything it imports
 * changes. Open streams of the old one do not hold that up, unless `--drain` was given.
 */
export function watchApp(args: readonly string[]): void {
  const rest = args.filter((arg) => arg !== "--watch");
  if (!rest.some((arg) => arg.startsWith("--drain"))) rest.push("--drain", "off");
  const program = process.argv[1] ?? "";
  const node = [...process.execArgv, "--watch", "--watch-preserve-output"];
  const child = spawn(process.execPath, [...node, program, "serve", ...rest], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => {
    process.exitCode = code ?? 0;
  });
}
