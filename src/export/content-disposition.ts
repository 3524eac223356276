import { create } from "content-disposition";

import { MillraceError } from "../response/errors.ts";

/** Longest name that common file systems hold, in bytes. */
const LONGEST = 255;
/** Names of devices, with any extension (Windows, Naming Files). */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;
/** Control characters, what file systems forbid, and marks that turn the reading direction, behind which `exe.csv` hides. */
const forbidden = /[\p{Cc}\p{Bidi_Control}"*:<>?|]/gu;

/**
 * The Content-Disposition of a download (RFC 6266), with an ASCII fallback and the real name in `filename*` (RFC 8187).
 * Of a path only the last part is used; what no file system takes becomes `_`.
 *
 * @throws MillraceError `OPTION_INVALID`
 */
export function contentDisposition(
  filename: string | undefined,
  type: "attachment" | "inline",
): string {
  if (filename === undefined) return type;
  if (typeof filename !== "string" || filename === "") {
    throw new MillraceError("OPTION_INVALID", "filename takes a name that is not empty.");
  }
  const name = safeName(filename);
  // Some browsers decode what looks like an escape in the fallback.
  const fallback = name
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]|%/g, (one) => (/\p{M}/u.test(one) ? "" : "_"));
  return create(name, { type, fallback: fallback === name ? false : fallback });
}

function safeName(filename: string): string {
  const last = filename.toWellFormed().split(/[/\\]/).at(-1) ?? "";
  const name = shorten(last.replace(forbidden, "_").replace(/^[. ]+/, "")).replace(/[. ]+$/, "");
  return name.replace(reserved, "_$&") || "download";
}

/** Cuts the stem, not the extension. */
function shorten(name: string): string {
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : "";
  const stem = Array.from(name.slice(0, name.length - extension.length)).slice(0, LONGEST);
  while (Buffer.byteLength(stem.join("") + extension) > LONGEST) stem.pop();
  return stem.join("") + extension;
}
