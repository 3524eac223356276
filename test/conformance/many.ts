import { once } from "node:events";
import * as http from "node:http";
import { constants } from "node:http2";
import * as https from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import type { Client } from "./client.ts";
import { over, readAll, withSession } from "./session.ts";

/** Clients at the same time. */
const AT_ONCE = 25;

/** What is asked for, with timers that would hold the response if they stayed; and whether the first bytes are awaited. */
const visits = [
  { path: "/ticking", answered: true },
  { path: "/parked-listening", answered: true },
  { path: "/parked-listening?quiet", answered: false },
  { path: "/big", answered: true },
] as const;
const extras = "track&total=600000&idle=300000&stalled=60000";

/** Lets many clients leave, in turn while a source yields, waits, has not begun, and is held up by its reader. */
export async function leaveMany(client: Client, count: number): Promise<void> {
  const wave = client.protocol === "HTTP/2" ? leaveByReset : leaveByClosing;
  for (let done = 0; done < count; done += AT_ONCE) {
    await wave(client, Math.min(AT_ONCE, count - done));
  }
}

function visitOf(index: number) {
  const { path, answered } = visits[index % visits.length] ?? visits[0];
  return { path: `${path}${path.includes("?") ? "&" : "?"}${extras}`, answered };
}

/** Each on a connection of its own, half of them with a TCP reset. */
async function leaveByClosing(client: Client, count: number): Promise<void> {
  const leave = async (_: unknown, index: number) => {
    const { path, answered } = visitOf(index);
    const url = client.url(path);
    const { hostname, port, host, pathname, search, protocol } = new URL(url);
    const address = { host: hostname, port: Number(port) };
    const secure = protocol === "https:";
    const socket: Socket = secure
      ? connectTls({ ...address, rejectUnauthorized: false })
      : connect(address);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    await once(socket, secure ? "secureConnect" : "connect");
    const fields = Object.entries({ host, ...client.headers }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const lines = [`GET ${pathname}${search} ${client.protocol}`, ...fields];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (answered) await once(socket, "readable");
    if (index % 8 < 4 && !secure) socket.resetAndDestroy();
    else socket.destroy();
    await closed;
  };
  await Promise.all(Array.from({ length: count }, leave));
}

/** All on one connection, which then goes as well and takes the other half with it. */
async function leaveByReset(client: Client, count: number): Promise<void> {
  await withSession(client.host, async (session) => {
    const leave = async (_: unknown, index: number) => {
      const { path, answered } = visitOf(index);
      const stream = client.request(session, path);
      const gone = over(stream);
      if (answered) await once(stream, "readable");
      if (index % 8 < 4) return;
      stream.close(constants.NGHTTP2_CANCEL);
      await gone;
    };
    await Promise.all(Array.from({ length: count }, leave));
  });
}

/** Asks for the same thing again and again, over one connection if the host lets it. */
export async function askOften(
  client: Client,
  path: string,
  times: number,
): Promise<{ complete: number; connections: number }> {
  const url = client.url(path);
  if (client.protocol === "HTTP/2") {
    return withSession(client.host, async (session) => {
      let complete = 0;
      for (let asked = 0; asked < times && !session.closed; asked++) {
        const { status } = await readAll(client.request(session, path));
        if (status === 200) complete += 1;
      }
      return { complete, connections: 1 };
    });
  }
  const { Agent, get } = url.startsWith("https:") ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<Socket>();
  let complete = 0;
  for (let asked = 0; asked < times; asked++) {
    const asking = get(url, { agent, headers: client.headers, rejectUnauthorized: false });
    const [answer] = (await once(asking, "response")) as [http.IncomingMessage];
    sockets.add(answer.socket);
    answer.resume();
    await once(answer, "close");
    if (answer.complete) complete += 1;
  }
  agent.destroy();
  return { complete, connections: sockets.size };
}
