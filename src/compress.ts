export { compress, type CompressOptions } from "./compress/compress.ts";
export type { CodingLevels, CodingName } from "./compress/codings.ts";
export { withCompression, type FetchFunction } from "./compress/with-compression.ts";
