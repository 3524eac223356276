// As default-export.ts, with compression.
import { compressedApp } from "../apps.ts";

export default { fetch: compressedApp.fetch, hostname: "127.0.0.1", port: 0 };
