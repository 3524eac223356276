/**
 * Runs the core suite (test/response, test/conformance) on every runtime that Millrace promises to work on, from the
 * TypeScript sources: `npm run runtimes`, or `npm run runtimes -- node22 bun`. Files that end in `.node.test.ts` are for
 * Node alone. See decisions/001-runtimes.md.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { type RuntimeName, runtimePath } from "../runtimes/paths.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Run extends Counts {
  exit: string;
  output: string;
  seconds: number;
}

const conditions = "--conditions=millrace-source";
/** Longest time of one test, in ms; of a whole file on Node 22. Deno knows no such limit. */
const testTimeout = 180_000;
/** Longest time of the whole suite on one runtime, in ms. */
const suiteTimeout = 600_000;

/** The arguments that run `node:test` files and leave a JUnit report. */
const commands: Partial<Record<RuntimeName, (report: string) => string[]>> = {
  node22: (report) => ["--disable-warning=ExperimentalWarning", ...nodeTest(report)],
  node24: nodeTest,
  node26: nodeTest,
  bun: (report) => [
    ...[conditions, "test", "--isolate", `--timeout=${testTimeout}`],
    ...["--reporter=junit", `--reporter-outfile=${report}`],
  ],
  deno: (report) => [
    ...["test", conditions, "--allow-all", "--no-check", "--no-lock", `--junit-path=${report}`],
  ],
};

const root = resolve(import.meta.dirname, "..");
const names = Object.keys(commands) as RuntimeName[]; // the keys of the literal above
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name as RuntimeName));
if (unknown.length > 0) {
  throw new Error(`Unknown runtime ${unknown.join(", ")}. Known: ${names.join(", ")}.`);
}

const files = globSync("test/{response,conformance}/**/*.test.ts", { cwd: root }).toSorted();

for (const name of names) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const path = runtimePath(name);
  if (!path) {
    const required = wanted.length > 0 || process.env["MILLRACE_REQUIRE"] === "all";
    console.log(
      `${name.padEnd(7)} ${required ? "FAILED" : "skipped"}: not installed for this platform`,
    );
    if (required) process.exitCode = 1;
    continue;
  }
  const suite = name.startsWith("node")
    ? files
    : files.filter((file) => !file.endsWith(".node.test.ts"));
  if (suite.length === 0) {
    console.log(`${name.padEnd(7)} FAILED: no test files in test/response and test/conformance`);
    process.exitCode = 1;
    continue;
  }
  const version = await versionOf(path);
  const run = await runSuite(name, path, suite);
  const ok = run.exit === "0" && run.failed === 0 && run.passed > 0;
  if (!ok) {
    process.exitCode = 1;
    console.log(run.output);
  }
  console.log(
    `${name.padEnd(7)} ${version.padEnd(8)} ${ok ? "ok" : `FAILED (exit ${run.exit})`}: ` +
      `${run.passed} passed, ${run.failed} failed, ${run.skipped} skipped, ${run.seconds.toFixed(1)} s`,
  );
}

function nodeTest(report: string): string[] {
  return [
    ...[conditions, "--test", "--test-concurrency=2", `--test-timeout=${testTimeout}`],
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
  ];
}

async function runSuite(name: RuntimeName, path: string, suite: string[]): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), `millrace-${name}-`));
  const report = join(folder, "report.xml");
  const start = performance.now();
  try {
    const args = [...(commands[name]?.(report) ?? []), ...suite.map((file) => `./${file}`)];
    const { exit, output } = await execute(path, args);
    const seconds = (performance.now() - start) / 1000;
    return { exit, output, seconds, ...countsIn(report) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function versionOf(path: string): Promise<string> {
  const { output } = await execute(path, ["--version"]);
  return /\d+\.\d+\.\d+/.exec(output)?.[0] ?? "?";
}

async function execute(path: string, args: string[]): Promise<{ exit: string; output: string }> {
  const child = spawn(path, args, {
    cwd: root,
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // On SIGTERM, Node names the file that it waits for and stops its processes; a process that ignores it is killed.
  const deadlines = [
    setTimeout(() => child.kill("SIGTERM"), suiteTimeout),
    setTimeout(() => child.kill("SIGKILL"), suiteTimeout + 5_000),
  ];
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code, signal] = (await once(child, "close")) as [number | null, string | null]; // as child_process documents
  deadlines.forEach(clearTimeout);
  return { exit: String(code ?? signal), output };
}

/** Counts leaves and, on Bun and Deno, tests with subtests too: they report those as a test. */
function countsIn(report: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  let xml = "";
  try {
    xml = readFileSync(report, "utf8");
  } catch {
    return counts; // killed or crashed before it could write; its exit says so
  }
  for (const [, body = ""] of xml.matchAll(
    /<testcase(?:\s+[\w:]+="[^"]*")*\s*(?:\/>|>(.*?)<\/testcase>)/gs,
  )) {
    if (/<(?:failure|error)\b/.test(body)) counts.failed += 1;
    else if (body.includes("<skipped")) counts.skipped += 1;
    else counts.passed += 1;
  }
  return counts;
}
