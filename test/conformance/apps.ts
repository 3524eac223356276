import { withCompression } from "millrace/compress";

import { fetch } from "./app.ts";
import type { App } from "./host.ts";

/** The app as it is. */
export const plainApp: App = { fetch, module: "default-export.ts" };

/** The app, compressed as far as each request accepts it, whatever its content type. */
export const compressedApp: App = {
  fetch: withCompression(fetch, { types: () => true }),
  module: "compressed-export.ts",
};
