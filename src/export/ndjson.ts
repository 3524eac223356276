import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import type { ExportOptions } from "./export-response.ts";
import type { JsonFormat } from "./json-encoder.ts";
import { createJsonChunks, createJsonExport, type JsonKind } from "./json-export.ts";
import type { Rows, RowsNow, RowStream } from "./rows.ts";

/** Options of {@link ndjson}. */
export interface NdjsonOptions<Row = Record<string, unknown>>
  extends ExportOptions, JsonFormat<Row> {}

const kind: JsonKind = {
  name: "ndjson",
  contentType: "application/x-ndjson",
  ...{ begin: "", between: "", after: "\n", end: "" },
};

/**
 * A response with each row as JSON on a line of its own (NDJSON, also called JSON Lines), on its way as soon as it is there.
 *
 * A row is written as `JSON.stringify` has it: a Date as its `toJSON`, undefined left out, NaN as null. Bigints are strings, since
 * most readers would round a number of that size. What JSON cannot hold (a function, a symbol, bytes, a Map or Set, a circle) is an
 * error. A row need not be an object.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; in the stream `ROW_INVALID`
 * @example
 * ndjson(({ signal }) => orders({ signal }), { columns: ["id", "price"] });
 */
export function ndjson<Row>(
  rows: Rows<Row>,
  options: NdjsonOptions<Row> = {},
): StreamingHttpResponse {
  return createJsonExport(kind, rows, options);
}

/**
 * The same without a response: the bytes, for a disk or a bucket. They come from an iterable if the rows do.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; while they are read `ROW_INVALID`
 * @example
 * await writeFile("orders.ndjson", ndjsonChunks(orders));
 */
export function ndjsonChunks<Row>(
  rows: RowsNow<Row>,
  options?: JsonFormat<Row>,
): Iterable<Uint8Array>;
export function ndjsonChunks<Row>(
  rows: RowStream<Row> | PromiseLike<RowStream<Row>>,
  options?: JsonFormat<Row>,
): AsyncIterable<Uint8Array>;
export function ndjsonChunks(
  rows: unknown,
  options: JsonFormat<never> = {},
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return createJsonChunks(kind, rows, options);
}
