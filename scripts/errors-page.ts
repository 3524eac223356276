/**
 * Writes docs/errors.md from the table in src/response/errors.ts: `node scripts/errors-page.ts`. With `--check` it writes
 * nothing and fails when the page is out of date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type ErrorCode, errorTable } from "../src/response/errors.ts";

const file = fileURLToPath(new URL("../docs/errors.md", import.meta.url));

const introduction = `<!-- Written by scripts/errors-page.ts from src/response/errors.ts. Change the table there. -->

# Errors

Every error of Millrace is a \`MillraceError\` with a \`code\` from this page, the same in every version. Its message says what
happened and what to do next; what caused it is in \`cause\` and never reaches the client.

\`\`\`ts
import { MillraceError, StreamingHttpResponse } from "millrace";

const response = new StreamingHttpResponse(["row\\n"], {
  onClose({ error }) {
    if (error instanceof MillraceError && error.code === "LIMIT_IDLE") console.warn(error.message);
  },
});
console.log(await response.text());
\`\`\`

\`name\` follows the platform: \`TypeError\` is a mistake in the call, \`TimeoutError\` a limit that passed, \`AbortError\` a stream that
nobody waits for any more, as with \`fetch\`.
`;

const codes = Object.keys(errorTable) as ErrorCode[]; // the keys of the table are the codes
const sections = codes.map((code) => {
  const { name, what, remedy } = errorTable[code];
  return `## \`${code}\`\n\n${what}\n\n**What to do:** ${remedy}\n\n\`name\`: \`${name}\`\n`;
});
const page = [introduction, ...sections].join("\n");

if (process.argv.includes("--check")) {
  if (page !== currentPage()) {
    console.error("docs/errors.md is out of date. Run: node scripts/errors-page.ts");
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, page);
}

function currentPage(): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // not written yet
  }
}
