import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { MillraceError } from "../../response/errors.ts";
import { checkSource, describe, isNodeStream } from "../../response/source.ts";
import { closeUnread } from "../../response/stream.ts";
import type { Content } from "./content.ts";
import { DiskContent, type DiskOptions } from "./disk-content.ts";
import { openPath } from "./open-path.ts";

/**
 * What `file()` sends: a path or a `file:` URL; an open file; a Blob; bytes; or a stream, which has no length and no ranges,
 * and of which the name is known if it reads a file. What is open is closed at the end, however that comes.
 */
export type FileSource =
  | string
  | URL
  | FileHandle
  | Blob
  | Uint8Array
  | ArrayBuffer
  | Readable
  | ReadableStream<Uint8Array>;

export interface OpenOptions {
  readonly root?: string | URL | undefined;
  readonly start?: number | undefined;
}

/**
 * Opens whatever `file()` was given.
 *
 * @throws MillraceError `SOURCE_INVALID`, `FILE_NOT_FOUND`, `OPTION_INVALID`
 */
export async function openContent(
  source: FileSource,
  { root, start = 0 }: OpenOptions,
): Promise<Content> {
  if (typeof source === "string" || source instanceof URL) {
    const path = pathOf(source);
    const handle = await openPath(path, root === undefined ? undefined : pathOf(root));
    return openDisk(handle, { path, from: start });
  }
  if (typeof source !== "object" || source === null) throw invalidSource(source);
  if (root !== undefined) throw new MillraceError("OPTION_INVALID", "root is for paths only.");
  if (isFileHandle(source)) return openDisk(source, { from: start });
  if (start > 0) {
    const message = "start is for files; of bytes give a `subarray()`, of a Blob a `slice()`.";
    throw new MillraceError("OPTION_INVALID", message);
  }
  if (source instanceof Blob) return blobContent(source);
  if (ArrayBuffer.isView(source)) {
    return bytesContent(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  if (source instanceof ArrayBuffer) return bytesContent(new Uint8Array(source));
  if (isStream(source)) return streamContent(source);
  throw invalidSource(source);
}

function invalidSource(source: unknown): MillraceError {
  return new MillraceError(
    "SOURCE_INVALID",
    `file() was given ${describe(source)}. It takes a path, a file: URL, a FileHandle, a Blob, bytes or a stream; what a generator yields goes into a StreamingHttpResponse.`,
  );
}

async function openDisk(handle: FileHandle, options: DiskOptions): Promise<Content> {
  try {
    const stat = await handle.stat({ bigint: true });
    if (stat.isFile()) return new DiskContent(handle, stat, options);
    const what = JSON.stringify(options.path) ?? "What the FileHandle has open";
    const message = `${what} is not a file. Of a pipe or a device give a stream: \`handle.createReadStream()\`.`;
    throw new MillraceError("FILE_NOT_FOUND", message);
  } catch (error) {
    handle.close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

function blobContent(blob: Blob & { name?: string; lastModified?: number }): Content {
  return {
    size: blob.size,
    name: blob.name, // of a File
    modified: blob.lastModified,
    read: (start, end) => blob.slice(start, end).stream(),
    close() {},
  };
}

function bytesContent(bytes: Uint8Array): Content {
  return {
    size: bytes.byteLength,
    read: (start, end) => [bytes.subarray(start, end)],
    close() {},
  };
}

function streamContent(stream: FileStream): Content {
  checkSource(stream);
  const { path } = stream as { path?: unknown }; // of a `fs.ReadStream`
  if (isNodeStream(stream)) stream.on("error", () => {}); // it may fail before it is read, and fails again then
  return {
    size: undefined,
    name: typeof path === "string" ? basename(path) : undefined,
    read: () => stream,
    close: () => void closeUnread(stream),
  };
}

type FileStream = Readable | ReadableStream<Uint8Array>;

function isStream(source: object): source is FileStream {
  return "getReader" in source || isNodeStream(source);
}

function isFileHandle(source: object): source is FileHandle {
  const { fd, stat } = source as Partial<FileHandle>; // to see whether it is one
  return typeof fd === "number" && typeof stat === "function";
}

function pathOf(url: string | URL): string {
  if (typeof url === "string") return url;
  try {
    return fileURLToPath(url);
  } catch (cause) {
    const message = `${url.href} names no file of this machine. Give a file: URL or a path.`;
    throw new MillraceError("SOURCE_INVALID", message, { cause });
  }
}
