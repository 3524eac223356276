export type { Column, Columns } from "./export/columns.ts";
export type { ExportOptions, ExportOutcome } from "./export/export-response.ts";
export type { ExportProgress } from "./export/meter.ts";
export type { Rows, RowStream } from "./export/rows.ts";
