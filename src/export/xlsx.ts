import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import { isPromise } from "../response/source.ts";
import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import { isEncoded } from "./encoded.ts";
import {
  checkExportNames,
  createExport,
  splitOptions,
  type ExportOptions,
} from "./export-response.ts";
import { checkRows, type Rows, type RowStream } from "./rows.ts";
import { XlsxChunks } from "./xlsx/chunks.ts";
import { planXlsx, xlsxFormatNames, type XlsxFormat, type XlsxPlan } from "./xlsx/plan.ts";

/** Options of {@link xlsx}. */
export interface XlsxOptions<Row = Record<string, unknown>>
  extends ExportOptions, XlsxFormat<Row> {}

/**
 * A response with the rows as an Excel workbook (ECMA-376, .xlsx), written while the rows come: memory holds a few hundred KiB,
 * whatever their number. What compression holds back leaves after 50 ms at the latest. A sheet that is full is followed by the
 * next one, which has the header again.
 *
 * A cell holds: text as text, never as a formula; finite numbers, and bigints that a number of JavaScript can hold; booleans; a Date as
 * a date, UTC, from 1900 to 9999, else as text in ISO 8601; bytes in hexadecimal as `\x0aff`; any other object as what its `toJSON`
 * returns, or as JSON. NaN, Infinity and large bigints are text; null and empty text are empty cells. Text of more than 32,767 characters, a
 * function, a symbol and an invalid Date are errors. Halves of surrogate pairs become U+FFFD.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; in the stream `ROW_INVALID`
 * @example
 * xlsx(({ signal }) => orders({ signal }), {
 *   filename: "orders.xlsx",
 *   sheet: "Orders",
 *   columns: ["id", { key: "price", label: "Price (EUR)" }],
 *   autoFilter: true,
 * });
 */
export function xlsx<Row>(rows: Rows<Row>, options?: XlsxOptions<Row>): StreamingHttpResponse;
export function xlsx(rows: unknown, options: XlsxOptions<never> = {}): StreamingHttpResponse {
  checkExportNames(options, xlsxFormatNames, "xlsx");
  checkNotEncoded(rows);
  const [format, rest] = splitOptions<XlsxFormat<never>>(options, xlsxFormatNames);
  const plan = planXlsx(format);
  let chunks: XlsxChunks | undefined;
  return createExport(
    {
      rows,
      encode(opened: unknown) {
        checkNotEncoded(opened);
        return (chunks = new XlsxChunks(opened, plan));
      },
      countRows: () => chunks?.rows ?? 0,
      contentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
    rest,
  );
}

/**
 * The same without a response: the bytes of the file, for a disk or a bucket.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; while they are read `ROW_INVALID`
 * @example
 * await writeFile("orders.xlsx", xlsxChunks(orders, { sheet: "Orders" }));
 */
export function xlsxChunks<Row>(
  rows: RowStream<Row> | PromiseLike<RowStream<Row>>,
  options?: XlsxFormat<Row>,
): AsyncIterable<Uint8Array>;
export function xlsxChunks(
  rows: unknown,
  options: XlsxFormat<never> = {},
): AsyncIterable<Uint8Array> {
  checkOptionNames(options, xlsxFormatNames, "xlsxChunks");
  checkRows(rows);
  checkNotEncoded(rows);
  const plan = planXlsx(options);
  return {
    [Symbol.asyncIterator]: () =>
      isPromise(rows) ? chunksLater(rows, plan) : new XlsxChunks(rows, plan),
  };
}

async function* chunksLater(
  rows: PromiseLike<unknown>,
  plan: XlsxPlan,
): AsyncGenerator<Uint8Array, void, void> {
  yield* new XlsxChunks(await rows, plan);
}

function checkNotEncoded(rows: unknown): void {
  if (!isEncoded(rows)) return;
  throw new MillraceError(
    "ROWS_INVALID",
    "These rows are CSV already, and no workbook can be made of them. Send them with `csv`, or read them as rows.",
  );
}
