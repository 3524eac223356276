import { join } from "node:path";

// One module out of many; wrangler does this by itself.
export default {
  input: join(import.meta.dirname, "worker.ts"),
  external: /^node:/,
  platform: "neutral",
  // In this repository the library is read from its sources.
  resolve: { conditionNames: ["millrace-source", "workerd", "import"] },
  output: { file: join(import.meta.dirname, "dist/worker.js") },
};
