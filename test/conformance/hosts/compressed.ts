import type { CodingName } from "millrace/compress";

import type { Host } from "../host.ts";

/** The same host under the same rows, for clients that want every body in this coding. */
export function compressed(host: Host, coding: CodingName): Host {
  return {
    ...host,
    name: `${host.name}, ${coding}`,
    coding,
    aborts: 100,
    // What HTTP/1.0 cannot say of a body that was cut, the coding says: its end is missing.
    expects: { ...host.expects, "http10-throws": undefined },
  };
}
