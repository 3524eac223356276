import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { ForeignServer, installed } from "../support/foreign.ts";
import { drop, startServer } from "../support/process.ts";
import { table } from "../support/results.ts";
import { interleave, median, range } from "../support/stats.ts";

/** A process to be measured, ours or not. */
interface Measured {
  readonly title: string;
  /** Of the rows; what is slow gets fewer. */
  readonly share: number;
  url(path: string): string;
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

const hosts = [
  {
    title: "Django, gunicorn (sync worker)",
    command: "gunicorn",
    args: (port: number) => [
      "-w1",
      "-b",
      `127.0.0.1:${port}`,
      "--log-level=warning",
      "-t300",
      "app:wsgi",
    ],
    share: 1,
  },
  {
    title: "Django, uvicorn (the same generator)",
    command: "uvicorn",
    args: (port: number) => ["--port", String(port), "--log-level=warning", "app:asgi"],
    share: 0.25,
  },
];

export async function djangoFigure(quick: boolean): Promise<string> {
  const count = quick ? 100_000 : 1_000_000;
  const rounds = quick ? 2 : 3;
  const missing = hosts.filter(({ command }) => !installed(command));
  const running: Measured[] = [await startOurs()];
  try {
    for (const host of hosts) if (!missing.includes(host)) running.push(await startDjango(host));
    const versions = await versionsOf(running[1]);
    for (const server of running) await measure(server, (count * server.share) / 2); // warm-up
    const results = await interleave(running, rounds, async (server, round) => {
      const cpu = await measure(server, count * server.share);
      console.log(`${round + 1}/${rounds} ${server.title}: ${cpu.toFixed(2)} µs per row`);
      return cpu;
    });
    const [ours = []] = results.values();
    return [
      "## The same view in Django",
      "",
      `${count.toLocaleString("en")} rows (a quarter of it under uvicorn), a row for each chunk; CPU of the worker process in µs per row, median of ${rounds}`,
      `(smallest–largest). ${versions}. Django 3.2 takes no async generators.`,
      ...missing.map(({ command }) => `${command} is not installed.`),
      "",
      table(
        ["server", "CPU µs", "times"],
        Array.from(results, ([{ title }, cpu]) => [
          title,
          `${median(cpu).toFixed(2)} (${range(cpu, 2)})`,
          (median(cpu) / median(ours)).toFixed(1),
        ]),
      ),
    ].join("\n");
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}

async function measure(server: Measured, count: number): Promise<number> {
  const before = await server.cpu();
  await drop(server.url(`/rows/sync?n=${count}`));
  return ((await server.cpu()) - before) / count;
}

async function startOurs(): Promise<Measured> {
  const server = await startServer("millrace");
  return {
    title: "**millrace, `serve`**",
    share: 1,
    url: (path) => server.url(path),
    cpu: async () => (await server.usage()).cpu,
    stop: () => server.stop(),
  };
}

async function startDjango({
  title,
  command,
  args,
  share,
}: (typeof hosts)[number]): Promise<Measured> {
  const cwd = fileURLToPath(new URL("../django/", import.meta.url));
  const server = await ForeignServer.start(command, args, { cwd, path: "/versions" });
  return {
    title,
    share,
    url: (path) => server.url(path),
    cpu: async () => server.cpu(),
    stop: () => server.stop(),
  };
}

async function versionsOf(server: Measured | undefined): Promise<string> {
  if (server === undefined) return "No Django host is installed";
  const python = await (await fetch(server.url("/versions"))).text();
  const tools = hosts.map(({ command }) => {
    const text = installed(command)
      ? execFileSync(command, ["--version"], { encoding: "utf8" })
      : "";
    return `${command} ${/\d+\.\d+\.\d+/.exec(text)?.[0] ?? "absent"}`;
  });
  return [python, ...tools].join(", ");
}
