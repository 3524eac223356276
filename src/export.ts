export { jsonArray, jsonArrayChunks, type JsonArrayOptions } from "./export/json-array.ts";
export type { JsonFormat } from "./export/json-encoder.ts";
export { ndjson, ndjsonChunks, type NdjsonOptions } from "./export/ndjson.ts";
export { csv, csvChunks, type CsvOptions } from "./export/csv.ts";
export type { CsvFormat } from "./export/csv/dialect.ts";
export { encodedAs, type EncodedStream } from "./export/encoded.ts";
export type { Column, Columns } from "./export/columns.ts";
export type { ExportOptions, ExportOutcome } from "./export/export-response.ts";
export type { ExportProgress } from "./export/meter.ts";
export type { Rows, RowStream } from "./export/rows.ts";
export { exportRows, type ExportRowsOptions } from "./export/export-rows.ts";
export type { RowsFormat } from "./export/rows-format.ts";
export { xlsx, xlsxChunks, type XlsxOptions } from "./export/xlsx.ts";
export type { XlsxFormat } from "./export/xlsx/plan.ts";
export type { ZipEntry } from "./export/zip/entry.ts";
export {
  zip,
  zipChunks,
  type ZipChunksOptions,
  type ZipEntries,
  type ZipEntryStream,
  type ZipOptions,
} from "./export/zip.ts";
export type { FileRequest } from "./export/file/answer.ts";
export { file, type FileOptions } from "./export/file/file.ts";
export type { FileSource } from "./export/file/open-content.ts";
export { parquet, parquetChunks, type ParquetOptions } from "./export/parquet.ts";
export type { ParquetCodec } from "./export/parquet/codecs.ts";
export type { ParquetFormat } from "./export/parquet/plan.ts";
export type { ParquetType } from "./export/parquet/types.ts";
export type { DatabaseRows } from "./export/databases/database-rows.ts";
export type { DatabaseRow } from "./export/databases/piles.ts";
export type {
  PgClient,
  PgPool,
  PostgresClient,
  PostgresJs,
} from "./export/databases/postgres-client.ts";
export { postgresCopy, type PostgresCopyOptions } from "./export/databases/postgres-copy.ts";
export { postgresRows, type PostgresRowsOptions } from "./export/databases/postgres-rows.ts";
export {
  mysqlRows,
  type MysqlClient,
  type MysqlRowsOptions,
} from "./export/databases/mysql-rows.ts";
export {
  sqliteRows,
  type SqliteParameters,
  type SqliteRows,
  type SqliteRowsOptions,
} from "./export/databases/sqlite-rows.ts";
