import { serve, type Server } from "millrace/node";

/** Answers the requests for one path. */
export type View = (request: Request) => Response | Promise<Response>;

/** Our server, as it stands behind a proxy: HTTP/1.0, HTTP/1.1 and h2c on one port. */
export interface Origin {
  readonly server: Server;
  /** Serves `view` from now on, and returns the path of it. */
  mount(view: View): string;
}

export async function startOrigin(tls?: { cert: string; key: string }): Promise<Origin> {
  const views = new Map<string, View>();
  const app = (request: Request) => {
    const view = views.get(new URL(request.url).pathname);
    return view?.(request) ?? new Response("nothing is mounted here", { status: 404 });
  };
  const onError = () => {}; // failures are what is tested here
  const server = await serve(app, { port: 0, http2: true, tls, onError });
  return {
    server,
    mount(view) {
      const path = `/${views.size}`;
      views.set(path, view);
      return path;
    },
  };
}
