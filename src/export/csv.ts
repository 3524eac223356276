import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import type { SourceContext } from "../response/source.ts";
import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import { CsvEncoder } from "./csv/csv-encoder.ts";
import { csvFormatNames, dialectOf, type CsvFormat, type Dialect } from "./csv/dialect.ts";
import { encodeRows, encodeUnopened } from "./encode-rows.ts";
import { isEncoded, type EncodedStream } from "./encoded.ts";
import {
  checkExportNames,
  createExport,
  splitOptions,
  type ExportOptions,
} from "./export-response.ts";
import type { Rows, RowsNow, RowStream } from "./rows.ts";

/** Options of {@link csv}. */
export interface CsvOptions<Row = Record<string, unknown>> extends ExportOptions, CsvFormat<Row> {}

/**
 * A response with the rows as CSV (RFC 4180, UTF-8), each on its way as soon as it is there, and many in chunks of 64 KiB.
 *
 * Written are: text as it is, quoted where it has to be; numbers, also NaN and Infinity, and bigints as `String()` has them, and -0
 * as 0; booleans as `true` and `false`; a Date in ISO 8601, UTC; bytes in hexadecimal as `\x0aff`; any other object as what its
 * `toJSON` returns, or as JSON. A function, a symbol and an invalid Date are errors. Halves of surrogate pairs become U+FFFD.
 *
 * Rows that are CSV already, such as those of `postgresCopy`, are sent as they are, and options about how CSV is written are
 * errors.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; in the stream `ROW_INVALID`
 * @example
 * csv(({ signal }) => orders({ signal }), {
 *   filename: "orders.csv",
 *   columns: ["id", { key: "price", label: "Price (EUR)" }],
 * });
 */
export function csv(
  rows:
    | EncodedStream
    | PromiseLike<EncodedStream>
    | ((context: SourceContext) => EncodedStream | PromiseLike<EncodedStream>),
  options?: ExportOptions,
): StreamingHttpResponse;
export function csv<Row>(rows: Rows<Row>, options?: CsvOptions<Row>): StreamingHttpResponse;
export function csv(rows: unknown, options: CsvOptions<never> = {}): StreamingHttpResponse {
  checkExportNames(options, csvFormatNames, "csv");
  const [format, rest] = splitOptions<CsvFormat<never>>(options, csvFormatNames);
  const dialect = dialectOf(format);
  if (isEncoded(rows)) checkNothingAsked(format);
  let counter: { readonly rows: number } | undefined;
  return createExport(
    {
      rows,
      encode(opened: unknown) {
        if (isEncoded(opened)) {
          checkNothingAsked(format);
          counter = opened;
          return opened;
        }
        const encoder = new CsvEncoder(dialect);
        counter = encoder;
        return encodeRows(opened, encoder);
      },
      countRows: () => counter?.rows ?? 0,
      contentType: contentTypeOf(dialect),
    },
    rest,
  );
}

/**
 * The same without a response: the bytes of the file, for a disk or a bucket. They come from an iterable if the rows do.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; while they are read `ROW_INVALID`
 * @example
 * await writeFile("orders.csv", csvChunks(orders, { excel: true }));
 */
export function csvChunks<Row>(rows: RowsNow<Row>, options?: CsvFormat<Row>): Iterable<Uint8Array>;
export function csvChunks<Row>(
  rows: RowStream<Row> | PromiseLike<RowStream<Row>>,
  options?: CsvFormat<Row>,
): AsyncIterable<Uint8Array>;
export function csvChunks(
  rows: unknown,
  options: CsvFormat<never> = {},
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  checkOptionNames(options, csvFormatNames, "csvChunks");
  const dialect = dialectOf(options);
  if (isEncoded(rows)) {
    checkNothingAsked(options);
    return rows;
  }
  return encodeUnopened(rows, () => new CsvEncoder(dialect));
}

function checkNothingAsked(format: CsvFormat<never>): void {
  for (const [name, value] of Object.entries(format)) {
    if (value === undefined) continue;
    throw new MillraceError(
      "OPTION_INVALID",
      `${name} cannot be applied: these rows are CSV already and are sent as they are. Set it where they come from, or leave it out.`,
    );
  }
}

/** Whether there is a header is said where it is known before the first row (RFC 4180 3). */
function contentTypeOf({ header, layout }: Dialect): string {
  const has = header ?? (layout === undefined ? undefined : true);
  const parameter = has === undefined ? "" : `; header=${has ? "present" : "absent"}`;
  return `text/csv; charset=utf-8${parameter}`;
}
