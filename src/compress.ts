export { compress, type CompressRequest } from "./compress/compress.ts";
export type { CodingLevels, CodingName } from "./compress/codings.ts";
export type { CompressOptions } from "./compress/options.ts";
export { withCompression, type FetchFunction } from "./compress/with-compression.ts";
