import { checkOptionNames } from "../response/options.ts";
import type { StreamingHttpResponse } from "../response/streaming-http-response.ts";
import { encodeRows, encodeUnopened } from "./encode-rows.ts";
import { checkNotEncoded } from "./encoded.ts";
import {
  checkExportNames,
  createExport,
  splitOptions,
  type ExportOptions,
} from "./export-response.ts";
import { JsonEncoder, jsonFormatNames, jsonLayoutOf, type JsonFormat } from "./json-encoder.ts";

/** A format whose rows are JSON. */
export interface JsonKind {
  /** The function that makes it. */
  readonly name: string;
  readonly contentType: string;
  /** What stands before the first row, between two rows, behind each row, and behind the last one. */
  readonly begin: string;
  readonly between: string;
  readonly after: string;
  readonly end: string;
}

export function createJsonExport<Row>(
  kind: JsonKind,
  rows: unknown,
  options: ExportOptions & JsonFormat<Row>,
): StreamingHttpResponse {
  checkExportNames(options, jsonFormatNames, kind.name);
  const [format, rest] = splitOptions<JsonFormat<Row>>(options, jsonFormatNames);
  const layout = jsonLayoutOf(format);
  checkNotEncoded(rows);
  let encoder: JsonEncoder | undefined;
  return createExport(
    {
      rows,
      encode: (opened) => encodeRows(opened, (encoder = new JsonEncoder(kind, layout))),
      countRows: () => encoder?.rows ?? 0,
      contentType: kind.contentType,
    },
    rest,
  );
}

export function createJsonChunks<Row>(
  kind: JsonKind,
  rows: unknown,
  options: JsonFormat<Row>,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  checkOptionNames(options, jsonFormatNames, `${kind.name}Chunks`);
  const layout = jsonLayoutOf(options);
  checkNotEncoded(rows);
  return encodeUnopened(rows, () => new JsonEncoder(kind, layout));
}
