import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";

/** Runs a program of Python with `input` as its standard input, and parses what it prints as JSON. */
export async function python<T>(
  program: string,
  input: Uint8Array = new Uint8Array(),
  args: readonly string[] = [],
): Promise<T> {
  const child = spawn("python3", ["-c", program, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}); // it may end before it has read all
  child.stdin.end(input);
  const [output, complaint] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  if (complaint.byteLength > 0) throw new Error(complaint.toString());
  return JSON.parse(output.toString()) as T; // what the program prints
}
