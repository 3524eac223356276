import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { MillraceError } from "../response/errors.ts";
import type { App } from "../node.ts";

/**
 * Loads the app that a file exports by default: a function, or an object with a `fetch` method.
 *
 * @throws MillraceError `APP_NOT_LOADED`, `APP_INVALID`
 */
export async function loadApp(file: string): Promise<App> {
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new MillraceError(
      "APP_NOT_LOADED",
      `${file} is not there, or no file. Looked for ${path}.`,
    );
  }
  const module = await load(file, path);
  const app = module["default"];
  if (typeof app === "function") return app as App; // what it returns is checked for each request
  if (typeof (app as { fetch?: unknown } | null | undefined)?.fetch === "function")
    return app as App;
  throw new MillraceError("APP_INVALID", `${file} ${whatItExports(module)}`);
}

async function load(file: string, path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href;
  const { emitWarning } = process;
  // An app of one file needs no package.json, and Node's advice to write one is no help to who serves it.
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    const [options] = rest as [{ code?: string } | undefined]; // as Node's own call has it
    if (options?.code !== "MODULE_TYPELESS_PACKAGE_JSON")
      Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return (await import(url)) as Record<string, unknown>; // a namespace object is that
  } catch (cause) {
    throw new MillraceError(
      "APP_NOT_LOADED",
      `${file} could not be loaded: ${inOneLine(cause, url)}`,
      {
        cause,
      },
    );
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The error in one line, with the place in the app's own file where it came from. */
function inOneLine(cause: unknown, url: string): string {
  const text = String(cause).split("\n", 1)[0] ?? "";
  const stack = (cause as Error | undefined)?.stack ?? "";
  const at = stack.indexOf(`${url}:`);
  const line = at < 0 ? undefined : /^:(\d+)/.exec(stack.slice(at + url.length))?.[1];
  return line === undefined ? text : `${text} (line ${line})`;
}

function whatItExports(module: Record<string, unknown>): string {
  const names = Object.keys(module).filter((name) => name !== "default");
  const has =
    "default" in module
      ? `exports ${module["default"] === null ? "null" : `a value of type ${typeof module["default"]}`} by default`
      : `has no default export${names.length > 0 ? ` (it exports ${names.join(", ")})` : ""}`;
  return `${has}. Export the app by default: a function (request) => response, or an object with a fetch method.`;
}
