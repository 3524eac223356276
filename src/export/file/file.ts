import { MillraceError } from "../../response/errors.ts";
import { checkOptionNames } from "../../response/options.ts";
import type {
  StreamingHttpResponse,
  StreamingHttpResponseInit,
} from "../../response/streaming-http-response.ts";
import { contentDisposition } from "../content-disposition.ts";
import { answer, type FileRequest } from "./answer.ts";
import { contentTypeOf } from "./content-type.ts";
import type { Content } from "./content.ts";
import { openContent, type FileSource } from "./open-content.ts";

/** Options of {@link file}. */
export interface FileOptions extends Pick<
  StreamingHttpResponseInit,
  "headers" | "contentType" | "limits" | "onClose"
> {
  /** What is answered. Without it there are no ranges and no conditions, and all is sent. */
  request?: FileRequest | undefined;
  /**
   * The folder that a path is relative to, and that it may not lead out of, neither by `..` nor by a link: for every path that
   * comes from a request. Default: none, and any file of the machine can be sent.
   */
  root?: string | URL | undefined;
  /** Name under which a browser saves the file. Default: the file's own. */
  filename?: string | undefined;
  /** Whether a browser saves the file instead of showing it. Default false. */
  attachment?: boolean | undefined;
  /**
   * A version, a digest, or whatever else changes when the bytes do. Default: made of size and times of a file; bytes, Blobs and
   * streams have none. `false`: none.
   */
  etag?: string | false | undefined;
  /** Default: that of the file. `false`: none. */
  lastModified?: Date | false | undefined;
  /** Offset of the first byte of a file that is sent, as if there were none before it. Default 0. */
  start?: number | undefined;
}

const optionNames = [
  ...["request", "root", "filename", "attachment", "etag", "lastModified", "start"],
  ...["headers", "contentType", "limits", "onClose"],
];

/**
 * Sends a file, or what is like one: with its length, type and name, in ranges (RFC 9110 14), and only if the client has not got
 * it yet (RFC 9110 13). The file is opened now, and closed when the response is over, however it ends.
 *
 * Content-Type and Content-Disposition are made from the name; `headers` of your own come before what is made here. A file that
 * becomes shorter while it is sent is a cut response; of one that grows, the part is sent that there was.
 *
 * @throws MillraceError `FILE_NOT_FOUND`, which is for a 404 where the name comes from a request; `SOURCE_INVALID`,
 * `OPTION_UNKNOWN`, `OPTION_INVALID`. What else the system says (too many open files, a broken disk) as it is.
 * @example
 * const name = decodeURIComponent(new URL(request.url).pathname);
 * return await file(name, { request, root: "public" });
 */
export async function file(
  source: FileSource,
  options: FileOptions = {},
): Promise<StreamingHttpResponse> {
  checkFileOptions(options);
  const content = await openContent(source, options);
  try {
    return answer(content, await headersOf(content, options), options);
  } catch (error) {
    content.close();
    throw error;
  }
}

function checkFileOptions(options: FileOptions): void {
  checkOptionNames(options, optionNames, "file");
  const { request, root = "", lastModified, start = 0, onClose } = options;
  const check = (holds: boolean, message: string) => {
    if (!holds) throw new MillraceError("OPTION_INVALID", message);
  };
  check(
    request === undefined || typeof request?.headers === "object",
    "request takes the request itself.",
  );
  check(
    typeof root === "string" || root?.protocol === "file:",
    "root takes the path of a folder, or its file: URL.",
  );
  check(
    !lastModified || (lastModified instanceof Date && !Number.isNaN(lastModified.getTime())),
    "lastModified takes a Date, or false.",
  );
  check(
    Number.isSafeInteger(start) && start >= 0,
    `start is ${start}; it takes a number of bytes.`,
  );
  check(["function", "undefined"].includes(typeof onClose), "onClose takes a function.");
}

/** The headers of all of the file. */
async function headersOf(content: Content, options: FileOptions): Promise<Headers> {
  const { request, contentType, filename, attachment = false } = options;
  const headers = new Headers(options.headers);
  const name = filename ?? content.name;
  setDefault(headers, "content-type", contentType ?? (await contentTypeOf(name)));
  if (name !== undefined || attachment) {
    const type = attachment ? "attachment" : "inline";
    setDefault(headers, "content-disposition", contentDisposition(name, type));
  }
  setDefault(headers, "etag", tagOf(options.etag ?? content.etag));
  setDefault(headers, "last-modified", dateOf(options.lastModified ?? content.modified));
  const ranges = content.size !== undefined && request !== undefined;
  setDefault(headers, "accept-ranges", ranges ? "bytes" : "none");
  if (content.size === undefined) setDefault(headers, "x-accel-buffering", "no");
  return headers;
}

function setDefault(headers: Headers, name: string, value: string | undefined): void {
  if (value !== undefined && !headers.has(name)) headers.set(name, value);
}

/** An entity tag (RFC 9110 8.8.3), put into quotes if it has none. */
function tagOf(etag: string | false | undefined): string | undefined {
  if (etag === undefined || etag === false) return undefined;
  const tag = /^(?:W\/)?".*"$/.test(etag) ? etag : `"${etag}"`;
  if (/^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag)) return tag;
  throw new MillraceError(
    "OPTION_INVALID",
    `etag is ${JSON.stringify(etag)}; it takes characters without spaces and quotes.`,
  );
}

/** Never later than now (RFC 9110 8.8.2.1). */
function dateOf(modified: Date | number | false | undefined): string | undefined {
  if (modified === undefined || modified === false) return undefined;
  return new Date(Math.min(Number(modified), Date.now())).toUTCString();
}
