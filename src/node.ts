export type { StreamEnd, StreamStart } from "./node/diagnostics.ts";
export type { LiveStream } from "./node/live-streams.ts";
export { createRequestListener, type App, type FetchHandler } from "./node/request-listener.ts";
export { sendResponse, type SendOptions } from "./node/send-response.ts";
export { serve, type CloseOptions, type Server, type ServeOptions } from "./node/serve.ts";
export type { ServerLimits } from "./node/server-limits.ts";
