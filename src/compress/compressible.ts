/** Types that are text in another name, and the few binary ones that nobody has compressed before. */
const others = new Set([
  ...["application/javascript", "application/json", "application/rtf", "application/sql"],
  ...[
    "application/toml",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
  ],
  ...[
    "application/x-ndjson",
    "application/x-sh",
    "application/x-www-form-urlencoded",
    "application/xml",
  ],
  ...["application/yaml", "font/otf", "font/ttf", "image/bmp", "image/svg+xml", "image/x-icon"],
]);

/** Whether bytes of this Content-Type become noticeably fewer: text of any kind does, what is compressed already does not. */
export function isCompressible(contentType: string): boolean {
  const type = (contentType.split(";", 1)[0] as string).trim().toLowerCase(); // split gives one at least
  return type.startsWith("text/") || others.has(type) || /\+(?:json|text|xml|yaml)$/.test(type);
}
