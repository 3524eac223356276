import { join } from "node:path";

// Next.js wants it as the default export.
export default {
  // A folder for each run, so that two of them do not share one build.
  distDir: join(".next", process.env["MILLRACE_RUN"] ?? ""),
  turbopack: {
    root: join(import.meta.dirname, "../../../.."),
    resolveAlias: { millrace: "../../../../src/index.ts" }, // it knows no `--conditions`
  },
};
