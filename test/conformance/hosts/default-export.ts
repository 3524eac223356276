// Bun, Deno and workerd serve the default export of a module. The address is for Bun; Deno and workerd are given theirs.
import { fetch } from "../app.ts";

export default { fetch, hostname: "127.0.0.1", port: 0 };
