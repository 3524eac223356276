import { checkOptionNames } from "../response/options.ts";
import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import {
  checkExportNames,
  createExport,
  splitOptions,
  type ExportOptions,
} from "./export-response.ts";
import { ParquetChunks } from "./parquet/chunks.ts";
import {
  parquetFormatNames,
  planParquet,
  type AnyParquetFormat,
  type ParquetFormat,
} from "./parquet/plan.ts";
import { checkRows, type Rows, type RowStream } from "./rows.ts";

/** Options of {@link parquet}. */
export interface ParquetOptions<Row = Record<string, unknown>>
  extends ExportOptions, ParquetFormat<Row> {}

/**
 * A response with the rows as an Apache Parquet file, which is made while the rows come: a row group is collected, written column
 * by column, and leaves. Memory holds one row group, whatever the size of the export. Only the footer grows, by about a KiB of
 * memory and 75 bytes of file for each column of each row group.
 *
 * Four bytes leave with the first row, the next ones when the first row group is full: that is how the format is. An export that
 * fails has no footer, and no reader takes it for a file. Without rows there is a file of the columns in `columns`, else of those in
 * `types`.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; in the stream `ROW_INVALID`
 * @example
 * parquet(({ signal }) => orders({ signal }), {
 *   filename: "orders.parquet",
 *   types: { id: "int64", price: "decimal(12,2)", day: "date" },
 * });
 */
export function parquet<Row>(rows: Rows<Row>, options?: ParquetOptions<Row>): StreamingHttpResponse;
export function parquet(
  rows: unknown,
  options: AnyParquetFormat & ExportOptions = {},
): StreamingHttpResponse {
  checkExportNames(options, parquetFormatNames, "parquet");
  const [format, rest] = splitOptions<AnyParquetFormat>(options, parquetFormatNames);
  const plan = planParquet(format);
  let chunks: ParquetChunks | undefined;
  return createExport(
    {
      rows,
      encode: (opened: unknown) => (chunks = new ParquetChunks(opened, plan)),
      countRows: () => chunks?.rows ?? 0,
      contentType: "application/vnd.apache.parquet",
    },
    rest,
  );
}

/**
 * The same without a response: the bytes of the file, for a disk or a bucket.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; while they are read `ROW_INVALID`
 * @example
 * await writeFile("orders.parquet", parquetChunks(orders, { types: { price: "float64" } }));
 */
export function parquetChunks<Row>(
  rows: RowStream<Row> | PromiseLike<RowStream<Row>>,
  options?: ParquetFormat<Row>,
): AsyncIterable<Uint8Array>;
export function parquetChunks(
  rows: unknown,
  options: AnyParquetFormat = {},
): AsyncIterable<Uint8Array> {
  checkOptionNames(options, parquetFormatNames, "parquetChunks");
  checkRows(rows);
  const plan = planParquet(options);
  return { [Symbol.asyncIterator]: () => new ParquetChunks(rows, plan) };
}
