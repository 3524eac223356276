import type { Client } from "../client.ts";
import { askOften, leaveMany } from "../many.ts";
import { measure, watchWarnings, whatHasGrown } from "../resources.ts";
import { row } from "../row.ts";

/** What stays behind. */
export const leaks = {
  leaks: row({
    label: "1,000 clients leave",
    title: "many clients that leave, in every state of a response, leave nothing behind",
    promise: { unfinished: 0, unclosed: 0, grown: [] as string[], warnings: [] as string[] },
    async observe(client, { aborts, note }) {
      const warmUp = client.another();
      await leaveMany(warmUp, 40);
      await allOver(warmUp);
      const before = measure(client.host);
      const warnings = watchWarnings();
      await leaveMany(client, aborts);
      const { started, finished, outcomes } = await allOver(client);
      note(`${started} of ${aborts} responses had started when their client left`);
      const grown = await whatHasGrown(client.host, before);
      return {
        ...{ unfinished: started - finished, grown, warnings: warnings.stop() },
        unclosed: Math.max(0, started - outcomes.length),
      };
    },
    alone: true,
  }),
  "one-connection": row({
    label: "200 responses on one connection",
    title: "one connection carries many responses, and gathers no listeners",
    promise: { complete: 200, connections: 1, warnings: [] as string[] },
    protocols: ["HTTP/1.1", "HTTP/2"], // HTTP/1.0 has a connection for each
    async observe(client) {
      const warnings = watchWarnings();
      const seen = await askOften(client, "/empty-chunk", 200);
      return { ...seen, warnings: warnings.stop() };
    },
    alone: true,
  }),
};

function allOver(client: Client) {
  return client.recordWhen(
    ({ started, finished, outcomes }) => finished >= started && outcomes.length >= started,
    10_000,
  );
}
