import { freePort, startOnPort } from "./process.ts";
import { versionOf, type Proxy, type ProxyKind, type ProxyOptions } from "./proxy.ts";

/** HAProxy as it is, with the timeouts that it asks for. */
export const plainHaproxy: ProxyKind = {
  name: "HAProxy without http-no-delay",
  program: "haproxy",
  hidesCuts,
  tellsOfLeaving: "with the next bytes",
  start: (options) => startHaproxy("", options),
};

/** HAProxy as its manual advises for streams, with HTTP/1.1 to the server. */
export const haproxy: ProxyKind = {
  ...plainHaproxy,
  name: "HAProxy (HTTP/1.1 upstream)",
  start: (options) => startHaproxy("", withoutDelay(options)),
};

/** HAProxy with HTTP/2 to the server, without TLS. */
export const haproxyH2c: ProxyKind = {
  ...haproxy,
  name: "HAProxy (h2c upstream)",
  start: (options) => startHaproxy("proto h2", withoutDelay(options)),
};

/** HAProxy 2.6 logs that the server has cut a response (`SD--`), and still sends END_STREAM over HTTP/2. */
function hidesCuts(client: "HTTP/1.1" | "HTTP/2"): boolean {
  const [major, minor] = versionOf("haproxy", "-v");
  return client === "HTTP/2" && major === 2 && minor === 6;
}

function withoutDelay(options: ProxyOptions): ProxyOptions {
  return { ...options, lines: ["option http-no-delay", ...(options.lines ?? [])] };
}

function startHaproxy(
  protocol: string,
  { upstream, idle = 60, gzip = false, http2 = false, lines = [] }: ProxyOptions,
): Promise<Proxy> {
  const compression = [
    "compression algo gzip",
    "compression type text/html text/csv text/event-stream",
  ];
  const backend = [
    `server app 127.0.0.1:${upstream} ${protocol}`,
    `timeout server ${idle}s`,
    ...(gzip ? compression : []),
    ...lines,
  ];
  return startHaproxyWith(backend.join("\n"), { http2 });
}

/** HAProxy with `backend` as the inside of its backend. */
export async function startHaproxyWith(backend: string, { http2 = false } = {}): Promise<Proxy> {
  const port = await freePort();
  const bind = `bind 127.0.0.1:${port}${http2 ? " proto h2" : ""}`;
  const running = await startOnPort(port, () => ({
    command: "haproxy",
    config: { name: "haproxy.cfg", text: haproxyConfig(bind, backend) },
    args: (config) => ["-db", "-f", config],
  }));
  return { ...running, url: `http://127.0.0.1:${port}` };
}

function haproxyConfig(bind: string, backend: string): string {
  return `
global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 60s
frontend www
  ${bind}
  default_backend app
backend app
${backend}
`;
}
