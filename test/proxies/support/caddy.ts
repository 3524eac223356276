import { freePort, startOnPort } from "./process.ts";
import { versionOf, type Proxy, type ProxyKind, type ProxyOptions } from "./proxy.ts";

/** Caddy as it is, with HTTP/1.1 to the server. */
export const caddy: ProxyKind = {
  name: "Caddy (HTTP/1.1 upstream)",
  program: "caddy",
  hidesCuts,
  tellsOfLeaving: "at once",
  start: (options) => startCaddy("", options),
};

/** Caddy with HTTP/2 to the server, without TLS. */
export const caddyH2c: ProxyKind = {
  ...caddy,
  name: "Caddy (h2c upstream)",
  start: (options) => startCaddy("versions h2c", options),
};

/** Up to 2.7.5 Caddy logs that its server has cut a response, and ends it cleanly (caddyserver/caddy#5951). */
function hidesCuts(): boolean {
  const [major, minor, patch] = versionOf("caddy", "version");
  return major === 2 && (minor < 7 || (minor === 7 && patch <= 5));
}

function startCaddy(
  transport: string,
  { upstream, idle, gzip = false, http2 = false, lines = [] }: ProxyOptions,
): Promise<Proxy> {
  const site = [
    gzip ? "encode gzip" : "",
    `reverse_proxy 127.0.0.1:${upstream} {`,
    "transport http {",
    transport,
    idle === undefined ? "" : `read_timeout ${idle}s`,
    "}",
    ...lines,
    "}",
  ];
  return startCaddyWith(site.join("\n"), { http2 });
}

/** Caddy with `site` as the inside of its one site, without TLS. */
export async function startCaddyWith(site: string, { http2 = false } = {}): Promise<Proxy> {
  const port = await freePort();
  const servers = http2 ? "servers {\nprotocols h1 h2c\n}" : "";
  return startCaddySite(`http://127.0.0.1:${port}`, port, site, servers);
}

/** Caddy with one site of any address; `global` are further lines of its global options. */
export async function startCaddySite(
  url: string,
  port: number,
  site: string,
  global = "",
): Promise<Proxy> {
  const running = await startOnPort(port, (folder) => ({
    command: "caddy",
    config: { name: "Caddyfile", text: caddyfile(folder, url, site, global) },
    args: (config) => ["run", "--adapter", "caddyfile", "--config", config],
  }));
  return { ...running, url };
}

function caddyfile(folder: string, url: string, site: string, global: string): string {
  return `
{
  admin off
  auto_https disable_redirects
  skip_install_trust
  storage file_system ${folder}/data
  ${global}
}
${url} {
  ${site}
}
`;
}
