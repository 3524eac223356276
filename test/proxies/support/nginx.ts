import { freePort, startOnPort } from "./process.ts";
import type { Proxy, ProxyKind, ProxyOptions } from "./proxy.ts";

/** nginx as it is without any settings for the upstream: it speaks HTTP/1.0 to it, a connection for each request. */
export const nginxHttp10: ProxyKind = {
  name: "nginx (HTTP/1.0 upstream)",
  program: "nginx",
  hidesCuts: () => false,
  tellsOfLeaving: "at once",
  start: (options) => startNginx(options),
};

/** nginx as its manual advises for streams and kept connections. */
export const nginxHttp11: ProxyKind = {
  name: "nginx (HTTP/1.1 upstream)",
  program: "nginx",
  hidesCuts: () => false,
  tellsOfLeaving: "at once",
  start: (options) => startNginx({ ...options, lines: [...http11Lines, ...(options.lines ?? [])] }),
};

const http11Lines = ["proxy_http_version 1.1;", 'proxy_set_header Connection "";'];

function startNginx({
  upstream,
  idle,
  gzip = false,
  http2 = false,
  lines = [],
}: ProxyOptions): Promise<Proxy> {
  const location = [
    "location / {",
    `proxy_pass http://127.0.0.1:${upstream};`,
    idle === undefined ? "" : `proxy_read_timeout ${idle}s;`,
    gzip ? "gzip on; gzip_types text/csv text/event-stream;" : "", // text/html is always among them
    ...lines,
    "}",
  ];
  return startNginxWith(location.join("\n"), { http2 });
}

/** nginx with `server` as the inside of its `server` block. */
export async function startNginxWith(server: string, { http2 = false } = {}): Promise<Proxy> {
  const port = await freePort();
  const listen = `listen 127.0.0.1:${port}${http2 ? " http2" : ""};`;
  const running = await startOnPort(port, (folder) => ({
    command: "nginx",
    config: { name: "nginx.conf", text: nginxConfig(folder, `${listen}\n${server}`) },
    args: (config) => ["-p", folder, "-c", config, "-e", "stderr"],
  }));
  return { ...running, url: `http://127.0.0.1:${port}` };
}

/** One process in the foreground, and every path in `folder`, so that it runs without any rights. */
function nginxConfig(folder: string, server: string): string {
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr info;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    ${server}
  }
}
`;
}
