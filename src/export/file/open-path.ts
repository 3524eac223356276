import { constants } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { join, sep } from "node:path";

import { MillraceError } from "../../response/errors.ts";

/** A pipe would hold one of the few threads for files until somebody writes to it. Windows has neither flag. */
const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;

/** What a name that comes from a request can be answered with; everything else is the server's own trouble. */
const missing: ReadonlySet<unknown> = new Set([
  ...["EACCES", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOTDIR", "ENXIO", "EPERM"],
  "ERR_INVALID_ARG_VALUE", // a NUL in it
]);

/**
 * Opens a file for reading; with a `root`, one below it.
 *
 * @throws MillraceError `FILE_NOT_FOUND`, `OPTION_INVALID`
 */
export async function openPath(path: string, root: string | undefined): Promise<FileHandle> {
  const realRoot = root === undefined ? undefined : await realRootOf(root);
  try {
    if (realRoot === undefined) return await open(path, O_RDONLY | O_NONBLOCK);
    const real = await realpath(join(realRoot, path));
    if (!real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) {
      throw new MillraceError("FILE_NOT_FOUND", `${quoted(path)} leads out of its root, ${root}.`);
    }
    // `real` has no links; one that was put there since is not followed.
    return await open(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!missing.has(code)) throw error;
    const message = `${quoted(path)} is not there or may not be read (${code}).`;
    throw new MillraceError("FILE_NOT_FOUND", message, { cause: error });
  }
}

async function realRootOf(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (cause) {
    throw new MillraceError("OPTION_INVALID", `The root ${quoted(root)} is not there.`, { cause });
  }
}

/** The name may come from anywhere: no line feeds of it in a log. */
function quoted(path: string): string {
  return JSON.stringify(path);
}
