import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Program } from "../../support/program.ts";

const root = resolve(import.meta.dirname, "../../..");

/** What apps in a workspace may import. */
const packages = {
  millrace: root,
  hono: `${root}/node_modules/hono`,
  h3: `${root}/node_modules/h3`,
};

/** The command, from its sources. */
export const command: readonly string[] = [
  "--conditions=millrace-source",
  `${root}/src/cli/main.ts`,
];

/** A user's folder with apps in it, and the command to serve them. */
export class Workspace implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "millrace-"));

  constructor(files: Record<string, string> = {}) {
    this.write("package.json", '{ "type": "module" }');
    mkdirSync(`${this.folder}/node_modules`);
    for (const [name, path] of Object.entries(packages)) {
      symlinkSync(path, `${this.folder}/node_modules/${name}`);
    }
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    writeFileSync(`${this.folder}/${name}`, text);
  }

  /** Runs `millrace` with these arguments; what it starts ends with it. */
  run(...args: string[]): Program {
    const options = { cwd: this.folder, group: true };
    return new Program(process.execPath, [...command, ...args], options);
  }

  /** Runs `millrace serve` on a free port, and waits until it listens. */
  async serve(...args: string[]): Promise<Program & { url: string }> {
    const program = this.run("serve", ...args, "--port", "0");
    const [url] = await program.printed(/https?:\/\/localhost:\d+/);
    return Object.assign(program, { url });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An app in one line: answers every request with this expression, in which `request` and `url` are known. */
export function appOf(expression: string): string {
  return `import { StreamingHttpResponse } from "millrace";
import { setTimeout as delay } from "node:timers/promises";
export default async (request) => {
  const url = new URL(request.url);
  return (${expression});
};
`;
}
