import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("style.css", import.meta.url), "utf8");
const version = createHash("sha256").update(css).digest("hex").slice(0, 8);

/** Where the one stylesheet is; the address changes with the content, so that it may be kept for ever. */
export const stylesheetPath: string = `/style.css?v=${version}`;

export function stylesheet(): Response {
  return new Response(css, {
    headers: {
      "content-type": "text/css; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    },
  });
}
