import type { CodingName } from "millrace/compress";

import type { RunningHost } from "./client.ts";
import type { Expectations, RowName } from "./rows.ts";

export type { RunningHost } from "./client.ts";

/** What speaks HTTP on both ends of a conversation. */
export type Protocol = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2";

/** What a host serves. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
  /** The file in `hosts/` that has it as its default export, for hosts in processes of their own. */
  readonly module: string;
}

/** A server, framework or runtime under the suite. Its module must start nothing when it is imported. */
export interface Host {
  /** As the docs call it: `Hono 4 on @hono/node-server`. */
  readonly name: string;
  /** What curl speaks with it. Default `HTTP/1.1`. Rows about another protocol are left out. */
  readonly protocol?: Protocol | undefined;
  /** Serves an app: that of `app.ts` as it is, or compressed. */
  start(app: App): Promise<RunningHost>;
  /** The coding in which clients want every body, of the compressed app then. Default: none. */
  readonly coding?: CodingName | undefined;
  /** What this host itself breaks, row by row: what is really seen there, and why. */
  readonly expects?: Expectations | undefined;
  /** Rows that cannot be asked of this host at all, with the reason. */
  readonly skips?: Partial<Record<RowName, string>> | undefined;
  /** How many clients leave in the row about leaks. Default 1_000. */
  readonly aborts?: number | undefined;
  /** Rows that run at once. Default 8. */
  readonly concurrency?: number | undefined;
}
