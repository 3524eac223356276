import type { Row } from "./row.ts";
import { bodies } from "./rows/bodies.ts";
import { failures } from "./rows/failures.ts";
import { http2 } from "./rows/http2.ts";
import { leaks } from "./rows/leaks.ts";
import { leaving } from "./rows/leaving.ts";
import { limits } from "./rows/limits.ts";
import { requests } from "./rows/requests.ts";

/** The rows, by name, in the order of the docs table. */
export const rows = {
  ...bodies,
  ...failures,
  ...leaving,
  ...leaks,
  ...requests,
  ...limits,
  ...http2,
};

export type RowName = keyof typeof rows;

/** What is seen in a row. */
export type Seen<Name extends RowName> = (typeof rows)[Name] extends Row<infer S> ? S : never;

/** What a host breaks in one row. */
export interface Deviation<Name extends RowName> {
  /** Those parts of the row's promise that are different here, as they really are. */
  readonly sees: Partial<Seen<Name>>;
  /** What the host does that makes it so: one sentence for the docs. */
  readonly why: string;
  /** It is so by timing, and may not be: then the promise is kept. */
  readonly sometimes?: boolean | undefined;
  /** Whether it is so in this run, where a version of the runtime decides. Default `true`. */
  readonly here?: boolean | undefined;
  /** What to do about it. */
  readonly instead?: string | undefined;
}

export type Expectations = { readonly [Name in RowName]?: Deviation<Name> | undefined };
