import type { Client } from "./client.ts";

/** One conversation with a host, and what must be seen in it. */
export interface Row<Seen extends object = object> {
  /** What the docs table calls it. */
  readonly label: string;
  /** The promise as a sentence: the title of the test. */
  readonly title: string;
  /** What is seen where nothing breaks it. */
  readonly promise: Seen;
  /** Talks to the host and says what was seen, in the same terms. */
  observe(client: Client, options: RowOptions): Promise<Seen>;
  /** Protocols that the row makes sense for. Default: all. */
  readonly protocols?: readonly string[] | undefined;
  /** It moves much data or measures the process, so it runs when no other row does. */
  readonly alone?: boolean | undefined;
}

/** What a row may want to know. */
export interface RowOptions {
  readonly aborts: number;
  /** Adds a remark to the report of the test. */
  note(text: string): void;
}

/** Writes a row down with its types checked against each other. */
export function row<Seen extends object>(definition: Row<Seen>): Row<Seen> {
  return definition;
}
