import { subscribe } from "node:diagnostics_channel";
import { readdir, readFile } from "node:fs/promises";

import type { FetchHandler, Server, StreamEnd } from "millrace/node";

import { frameNote, icon } from "./layout/document.ts";
import type { Page, Tour, View } from "./layout/page.ts";
import { notFound, pageResponse } from "./layout/shell.ts";
import { stylesheet } from "./layout/stylesheet.ts";

const pagesFolder = new URL("pages/", import.meta.url);
const sourceFolders = [pagesFolder, new URL("data/", import.meta.url)];

/** Makes the tour: a function from a request to a response, which is all that an app is. */
export async function createApp(server: () => Server): Promise<FetchHandler> {
  const pages = await loadPages();
  const routes = new Map<string, View>([
    ["/style.css", stylesheet],
    ["/favicon.ico", icon],
    ["/idle", () => frameNote("Not running", "Not running yet.")],
    ["/left", () => frameNote("Left", "You left. The connection is closed.")],
    ...(await sourceRoutes()),
  ]);
  for (const page of pages) {
    routes.set(page.path, (request, tour) =>
      pageResponse(page, { request, origin: new URL(request.url).origin, tour }),
    );
    for (const [name, view] of Object.entries(page.views ?? {})) {
      routes.set(viewPath(page, name), view);
    }
  }
  const viewPaths = new Set(
    pages.flatMap((page) => Object.keys(page.views ?? {}).map((name) => viewPath(page, name))),
  );
  const tour: Tour = {
    pages,
    ended: rememberEnded((end) => viewPaths.has(pathOf(end.url))),
    get url() {
      return `http://127.0.0.1:${server().port}`;
    },
    get streams() {
      return server().streams.toReversed();
    },
  };
  return (request) => {
    const route = routes.get(new URL(request.url).pathname);
    return route === undefined ? notFound(pages) : route(request, tour);
  };
}

/** Every file in `pages/` is a page. */
async function loadPages(): Promise<Page[]> {
  const names = (await readdir(pagesFolder)).filter((name) => name.endsWith(".ts"));
  const pages = await Promise.all(
    names.map(async (name) => {
      const module = (await import(new URL(name, pagesFolder).href)) as { page?: Page };
      if (module.page === undefined) throw new Error(`pages/${name} exports no \`page\`.`);
      return module.page;
    }),
  );
  return pages.toSorted((one, other) => one.order - other.order);
}

/** The files that the pages quote from, as they are. */
async function sourceRoutes(): Promise<[string, View][]> {
  const routes: [string, View][] = [];
  for (const folder of sourceFolders) {
    for (const name of await readdir(folder)) {
      routes.push([`/source/${name}`, () => sourceText(new URL(name, folder))]);
    }
  }
  return routes;
}

async function sourceText(file: URL): Promise<Response> {
  return new Response(await readFile(file, "utf8"), {
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  });
}

/** The library publishes how each stream ended; the last few are kept for the pages that show them. */
function rememberEnded(isShown: (end: StreamEnd) => boolean): readonly StreamEnd[] {
  const ended: StreamEnd[] = [];
  subscribe("millrace:stream:outcome", (message) => {
    const end = message as StreamEnd; // what this channel carries
    if (end.method === "HEAD" || !isShown(end)) return;
    ended.unshift(end);
    ended.length = Math.min(ended.length, 50);
  });
  return ended;
}

function viewPath(page: Page, name: string): string {
  return `${page.path === "/" ? "" : page.path}/${name}`;
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? url;
}
