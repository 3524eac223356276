import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import type { ExportOptions } from "./export-response.ts";
import type { JsonFormat } from "./json-encoder.ts";
import { createJsonChunks, createJsonExport, type JsonKind } from "./json-export.ts";
import type { Rows, RowsNow, RowStream } from "./rows.ts";

/** Options of {@link jsonArray}. */
export interface JsonArrayOptions<Row = Record<string, unknown>>
  extends ExportOptions, JsonFormat<Row> {}

const kind: JsonKind = {
  name: "jsonArray",
  contentType: "application/json",
  ...{ begin: "[", between: ",\n", after: "", end: "]" },
};

/**
 * A response with the rows as one JSON array (RFC 8259), a row on each line, on its way as soon as it is there. Only a complete
 * export is closed: one that failed is no JSON.
 *
 * A row is written as `JSON.stringify` has it: a Date as its `toJSON`, undefined left out, NaN as null. Bigints are strings, since
 * most readers would round a number of that size. What JSON cannot hold (a function, a symbol, bytes, a Map or Set, a circle) is an
 * error. A row need not be an object.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; in the stream `ROW_INVALID`
 * @example
 * jsonArray(({ signal }) => orders({ signal }), { columns: ["id", "price"] });
 */
export function jsonArray<Row>(
  rows: Rows<Row>,
  options: JsonArrayOptions<Row> = {},
): StreamingHttpResponse {
  return createJsonExport(kind, rows, options);
}

/**
 * The same without a response: the bytes, for a disk or a bucket. They come from an iterable if the rows do.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; while they are read `ROW_INVALID`
 * @example
 * await writeFile("orders.json", jsonArrayChunks(orders));
 */
export function jsonArrayChunks<Row>(
  rows: RowsNow<Row>,
  options?: JsonFormat<Row>,
): Iterable<Uint8Array>;
export function jsonArrayChunks<Row>(
  rows: RowStream<Row> | PromiseLike<RowStream<Row>>,
  options?: JsonFormat<Row>,
): AsyncIterable<Uint8Array>;
export function jsonArrayChunks(
  rows: unknown,
  options: JsonFormat<never> = {},
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return createJsonChunks(kind, rows, options);
}
