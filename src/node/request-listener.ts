import { NodeRequest } from "srvx/node";

import { MillraceError } from "../response/errors.ts";
import { isGone, type NodeRequestLike, type NodeResponseLike } from "./exchange.ts";
import {
  checkResponse,
  checkSendOptions,
  sendFailure,
  startSending,
  withSendDefaults,
  type SendOptions,
  type SendSettings,
} from "./send-response.ts";

/** From a request to a response: what Hono, h3 and everything with a `fetch` method is. */
export type FetchHandler = (request: Request) => Response | PromiseLike<Response>;

/** A handler, or an object that has it as `fetch`. */
export type App = FetchHandler | { fetch: FetchHandler };

/**
 * Makes an app a listener of `node:http` and `node:http2` servers.
 *
 * `request.signal` aborts when the client leaves. What the app throws becomes a plain 500 page without the error's text.
 *
 * @throws MillraceError `APP_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`
 * @example
 * http.createServer(createRequestListener(app)).listen(8000);
 */
export function createRequestListener(
  app: App,
  options: SendOptions = {},
): (req: NodeRequestLike, res: NodeResponseLike) => void {
  checkSendOptions(options, "createRequestListener");
  return listenWith(handlerOf(app), withSendDefaults(options));
}

/** As {@link createRequestListener}, for callers that have checked. */
export function listenWith(
  handler: FetchHandler,
  settings: SendSettings,
): (req: NodeRequestLike, res: NodeResponseLike) => void {
  return (req, res) => void answer(handler, req, res, settings);
}

/**
 * The handler of an app.
 *
 * @throws MillraceError `APP_INVALID`
 */
export function handlerOf(app: unknown): FetchHandler {
  if (typeof app === "function") return app as FetchHandler; // what it returns is checked for each request
  const object = app as { fetch?: unknown } | null | undefined;
  if (typeof object?.fetch === "function")
    return (request) => (object as { fetch: FetchHandler }).fetch(request);
  throw new MillraceError(
    "APP_INVALID",
    `The app is ${app === null ? "null" : `of type ${typeof app}`}, without a \`fetch\` method. Give a function (request) => response, or { fetch(request) { … } }.`,
  );
}

async function answer(
  handler: FetchHandler,
  req: NodeRequestLike,
  res: NodeResponseLike,
  settings: SendSettings,
): Promise<void> {
  if (isGone(res)) return; // reset before its turn came (CVE-2023-44487): nothing runs for it
  try {
    const response = await handler(new NodeRequest({ req, res }));
    checkResponse(response);
    startSending(res, response, settings);
  } catch (error) {
    sendFailure(res, error, settings);
  }
}
