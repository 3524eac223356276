import Negotiator from "negotiator";

import type { CodingName } from "./codings.ts";

/** The types of the library lag behind it: `encodings` takes the order of preference as well. */
interface PreferringNegotiator {
  encodings(available: readonly string[], options: { preferred: readonly string[] }): string[];
}

/**
 * The coding that the client likes best, and among those it likes equally the first of `preferred`; undefined when it
 * wants the body as it is (RFC 9110 12.5.3). Nothing said is taken as no wish for a coding.
 */
export function chooseCoding(
  acceptEncoding: string | undefined,
  preferred: readonly CodingName[],
): CodingName | undefined {
  if (acceptEncoding === undefined) return undefined;
  const headers = { "accept-encoding": acceptEncoding };
  const negotiator = new Negotiator({ headers }) as unknown as PreferringNegotiator; // see above
  const order = [...preferred, "identity"];
  const best = negotiator.encodings(order, { preferred: order })[0];
  return preferred.find((name) => name === best);
}
