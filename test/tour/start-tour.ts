import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/** A tour that runs in a process of its own. */
export interface RunningTour extends AsyncDisposable {
  readonly url: string;
  /** Everything it has printed so far. */
  readonly printed: () => string;
}

/** Starts the tour as `npm start` does, on a free port; its data set is kept in `cache`, or where it always is. */
export async function startTour({ cache }: { cache?: string } = {}): Promise<RunningTour> {
  const child = spawnTour("0", cache === undefined ? {} : { TOUR_CACHE: cache });
  let printed = "";
  child.stdout?.on("data", (text: string) => (printed += text));
  child.stderr?.on("data", (text: string) => (printed += text));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const address = /http:\S+/.exec(printed)?.[0];
      if (address !== undefined) resolve(address);
    });
    child.once("exit", () => reject(new Error(`the tour did not start: ${printed}`)));
  });
  return {
    url,
    printed: () => printed,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}

/** The process behind `npm start`, without npm around it: a signal goes to whom it is meant for. */
export function spawnTour(port: string, env: Record<string, string> = {}): ChildProcess {
  const { scripts } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
    scripts: { start: string };
  };
  const [command, ...parameters] = scripts.start.split(" ");
  if (command !== "node") throw new Error(`npm start runs ${command}, not node`);
  const child = spawn(process.execPath, parameters, {
    cwd: fileURLToPath(root),
    env: { ...process.env, ...env, PORT: port },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill); // should the tests themselves be killed
  child.once("exit", () => process.off("exit", kill));
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  return child;
}
