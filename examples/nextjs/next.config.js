import { join } from "node:path";

/**
 * Only for this repository, where the library is read from its sources: your app needs nothing here.
 *
 * @type {import("next").NextConfig}
 */
const config = {
  turbopack: {
    root: join(import.meta.dirname, "../.."),
    resolveAlias: { millrace: "../../src/index.ts" },
  },
};

// Next.js looks for the default export.
export default config;
