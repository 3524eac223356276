import { channel, type Channel } from "node:diagnostics_channel";

import type { StreamOutcome } from "../response/outcome.ts";

/** What is published on `millrace:stream:start`. */
export interface StreamStart {
  /** Counts the responses of this process. */
  readonly id: number;
  readonly method: string;
  /** Path and query of the request. */
  readonly url: string;
  /** HTTP version of the request: `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
}

/** What is published on `millrace:stream:outcome`, once for every response, also for one without a body. */
export interface StreamEnd extends StreamStart {
  /** Status code that was sent. */
  readonly status: number;
  readonly outcome: StreamOutcome;
}

/** A response is about to be sent. */
export const startChannel: Channel = channel("millrace:stream:start");
/** A response is over. */
export const outcomeChannel: Channel = channel("millrace:stream:outcome");
