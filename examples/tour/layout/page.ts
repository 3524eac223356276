import type { LiveStream, StreamEnd } from "millrace/node";

import type { Html } from "./html.ts";

/**
 * One page of the tour: what each file in `pages/` exports as `page`. To add a page, add a file; nothing else lists them.
 */
export interface Page {
  /** Where it lives: `/async`. */
  readonly path: string;
  /** Its place in the tour; the first page is 0. */
  readonly order: number;
  readonly title: string;
  /** One sentence for the card on the first page. */
  readonly summary: string;
  /** What stands between title and footer; parts that are yielded leave one by one. */
  readonly content: (visit: Visit) => Html | AsyncIterable<Html>;
  /** The streams it shows, by name: `chunks` of the page `/async` answers at `/async/chunks`. */
  readonly views?: Readonly<Record<string, View>>;
}

/** Answers a request with a stream, as a view of your own application would. */
export type View = (request: Request, tour: Tour) => Response | Promise<Response>;

/** What a page knows of the request it is made for. */
export interface Visit {
  readonly request: Request;
  /** How the visitor calls this server: `http://localhost:8000`. Goes into the lines for curl. */
  readonly origin: string;
  readonly tour: Tour;
}

/** The running tour, for pages that show what the server does. */
export interface Tour {
  readonly pages: readonly Page[];
  /** How the tour calls itself, for views that are clients too. */
  readonly url: string;
  /** The streams that are open now, the latest first. */
  readonly streams: readonly LiveStream[];
  /** The streams of views that ended last, the latest first. */
  readonly ended: readonly StreamEnd[];
}
