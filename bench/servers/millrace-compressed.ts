import { StreamingHttpResponse, type Source } from "millrace";
import { withCompression } from "millrace/compress";
import { serve } from "millrace/node";

import { codedViews } from "./coded-views.ts";
import { announce } from "./control.ts";

const app = withCompression((request) => {
  const { pathname, searchParams } = new URL(request.url);
  const view = codedViews[pathname];
  if (view === undefined) return new Response("no such view\n", { status: 404 });
  const source = view.source(searchParams) as Source; // one of the two it is a union of
  return new StreamingHttpResponse(source, { contentType: view.contentType });
});
const server = await serve(app, { port: 0 });
announce(server.port);
