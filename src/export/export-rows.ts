import { MillraceError } from "../response/errors.ts";
import { checkOptionNames } from "../response/options.ts";
import { describe } from "../response/source.ts";
import { closeUnread } from "../response/stream.ts";
import type { Columns } from "./columns.ts";
import { csv } from "./csv.ts";
import { csvFormatNames, dialectOf, type CsvFormat } from "./csv/dialect.ts";
import { exportOptionNames, splitOptions, type ExportOptions } from "./export-response.ts";
import { jsonArray } from "./json-array.ts";
import { ndjson } from "./ndjson.ts";
import {
  allFormats,
  formatOfAccept,
  formatOfPath,
  notAcceptable,
  withExtension,
  type RowsFormat,
} from "./rows-format.ts";
import { checkRows, type Rows } from "./rows.ts";
import { xlsx } from "./xlsx.ts";
import { planXlsx, xlsxFormatNames, type XlsxFormat } from "./xlsx/plan.ts";

/** Options of {@link exportRows}: those of every export, and those of the formats. */
export interface ExportRowsOptions<Row = Record<string, unknown>> extends Omit<
  ExportOptions,
  "contentType" | "heartbeat"
> {
  /** The request that is answered: its URL and its Accept header say which format is wanted. */
  request: Pick<Request, "url" | "headers">;
  /** The formats there are, the one to prefer first. Default: `csv`, `ndjson`, `json`, `xlsx`. */
  formats?: readonly RowsFormat[] | undefined;
  /** Name under which a browser saves the export. It gets the extension of the format, in place of that of another one. */
  filename?: string | undefined;
  /** The columns, in every format. Default: the keys of the first row. */
  columns?: Columns<Row> | undefined;
  /** How CSV is written. */
  csv?: Omit<CsvFormat<Row>, "columns"> | undefined;
  /** How a workbook is written. */
  xlsx?: Omit<XlsxFormat<Row>, "columns"> | undefined;
}

const ownNames = ["request", "formats", "columns", "csv", "xlsx"];
const optionNames: readonly string[] = [
  ...exportOptionNames.filter((name) => name !== "contentType" && name !== "heartbeat"),
  ...ownNames,
];

/**
 * The same rows as CSV, NDJSON, JSON or an Excel workbook, as the request asks: by the extension of its path (`/orders.xlsx`), else by
 * its Accept header (RFC 9110 12.5.1). Without either it is the first of `formats`; an extension that is none of theirs is
 * ignored. When no format is acceptable the answer is a 406 that lists the types there are.
 *
 * Give the rows as a function, and nothing starts for a 406 or a HEAD; rows that were made are closed.
 *
 * @throws MillraceError `ROWS_INVALID`, `OPTION_UNKNOWN`, `OPTION_INVALID`; in the stream `ROW_INVALID`
 * @example
 * const view = (request: Request) =>
 *   exportRows(({ signal }) => orders({ signal }), {
 *     request,
 *     filename: "orders",
 *     csv: { excel: true },
 *     xlsx: { sheet: "Orders" },
 *   });
 */
export function exportRows<Row>(rows: Rows<Row>, options: ExportRowsOptions<Row>): Response;
export function exportRows(rows: Rows<never>, options: ExportRowsOptions<never>): Response {
  const { request, formats = allFormats, columns, csv: csvFormat, xlsx: xlsxFormat } = options;
  checkRows(rows);
  check(options, formats);
  const asked = formatOfPath(request.url, formats);
  const format = asked ?? formatOfAccept(request.headers.get("accept"), formats);
  const headers = new Headers(options.headers);
  if (asked === undefined) headers.append("vary", "Accept");
  if (format === undefined) {
    if (typeof rows !== "function") void closeUnread(rows as never); // whatever it is, it is only closed
    return notAcceptable(formats, headers);
  }
  const [, rest] = splitOptions(options, ownNames);
  const common = { ...rest, headers, columns, filename: withExtension(options.filename, format) };
  if (format === "csv") return csv(rows, { ...common, ...csvFormat });
  if (format === "xlsx") return xlsx(rows, { ...common, ...xlsxFormat });
  return format === "json" ? jsonArray(rows, common) : ndjson(rows, common);
}

/** All of it, whichever format is asked for today. */
function check(options: ExportRowsOptions<never>, formats: readonly unknown[]): void {
  checkOptionNames(options, optionNames, "exportRows");
  const { request, columns, csv: csvFormat = {}, xlsx: xlsxFormat = {} } = options;
  if (typeof request?.url !== "string" || !(request.headers instanceof Object)) {
    throw new MillraceError(
      "OPTION_INVALID",
      `request is ${describe(request)}; it takes the Request.`,
    );
  }
  const known: readonly unknown[] = allFormats;
  if (
    !Array.isArray(formats) ||
    formats.length === 0 ||
    !formats.every((one) => known.includes(one))
  ) {
    throw new MillraceError(
      "OPTION_INVALID",
      `formats is ${JSON.stringify(formats)}; it takes an array of ${allFormats.map((name) => `"${name}"`).join(", ")}.`,
    );
  }
  const hasNoColumns = (name: string) => name !== "columns";
  checkOptionNames(csvFormat, csvFormatNames.filter(hasNoColumns), "csv of exportRows");
  checkOptionNames(xlsxFormat, xlsxFormatNames.filter(hasNoColumns), "xlsx of exportRows");
  dialectOf({ ...csvFormat, columns });
  planXlsx({ ...xlsxFormat, columns });
}
