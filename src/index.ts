export { MillraceError, type ErrorCode } from "./response/errors.ts";
export type { ResponseLimits } from "./response/limits.ts";
export type { OutcomeType, StreamOutcome } from "./response/outcome.ts";
export type { Chunk, ChunkStream, Source, SourceContext } from "./response/source.ts";
export {
  StreamingHttpResponse,
  type StreamingHttpResponseInit,
} from "./response/streaming-http-response.ts";
export { until } from "./response/until.ts";
