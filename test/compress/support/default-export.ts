// What Bun, Deno and workerd serve.
import { fetch } from "./app.ts";

export default { fetch, hostname: "127.0.0.1", port: 0 };
