import type { ByteWriter, ParquetWriter } from "hyparquet-writer";

import { codecNames, compressors, type ParquetCodec } from "./codecs.ts";
import type { ParquetColumn } from "./column.ts";

/** The library, which is loaded when it is needed. */
interface Library {
  readonly ByteWriter: typeof ByteWriter;
  readonly ParquetWriter: typeof ParquetWriter;
}

type RowGroup = ParquetWriter["row_groups"][number];
type ColumnChunk = RowGroup["columns"][number];
type SchemaElement = ParquetWriter["schema"][number];

/** Bytes of a page before it is compressed: what a reader unpacks for one cell. */
const PAGE = 1024 * 1024;

/** Text and bytes longer than this are no bounds: the footer would hold two for each column and row group. */
const LONGEST_BOUND = 64;

/**
 * Writes a file column by column. The library writes whole row groups, for which the event loop would wait; so each column is a
 * group of its own to it, and they are joined before the footer is written.
 */
export class ParquetFile {
  readonly #buffer: ByteWriter;
  readonly #writer: ParquetWriter;
  #rows = 0n;

  constructor({ ByteWriter, ParquetWriter }: Library, codec: ParquetCodec) {
    this.#buffer = new ByteWriter();
    this.#writer = new ParquetWriter({
      ...{ writer: this.#buffer, schema: [], createdBy: "millrace" },
      ...{ codec: codecNames[codec], compressors },
    });
  }

  /** Writes the cells that `column` holds, and removes them from it. */
  writeColumn(column: ParquetColumn): void {
    const data = column.take();
    this.#writer.schema = schemaOf([column.physical]);
    this.#writer.write({
      columnData: [{ name: column.name, data, statistics: column.bounds, offsetIndex: false }],
      ...{ rowGroupSize: data.length, pageSize: PAGE },
    });
    this.#writer.pendingIndexes.length = 0; // no indexes were asked for, but their places are kept
    this.#writer.row_groups.at(-1)?.columns.forEach(shortenBounds);
  }

  /** Joins the last `count` columns to a row group. */
  endGroup(count: number): void {
    const parts = this.#writer.row_groups.splice(-count);
    const { num_rows } = parts[0] as RowGroup; // a row group has a column
    this.#writer.row_groups.push({
      columns: parts.flatMap(({ columns }) => columns),
      total_byte_size: sum(parts.map((part) => part.total_byte_size)),
      total_compressed_size: sum(parts.map((part) => part.total_compressed_size ?? 0n)),
      num_rows,
    });
    this.#rows += num_rows;
  }

  /** Writes the footer, without which the file is none. */
  end(columns: readonly ParquetColumn[]): void {
    this.#writer.schema = schemaOf(columns.map(({ described }) => described));
    this.#writer.num_rows = this.#rows;
    void this.#writer.finish(); // into the buffer: nothing to wait for
  }

  /** Removes and returns what was written. */
  take(): Uint8Array {
    const bytes = this.#buffer.getBytes().slice();
    this.#buffer.index = 0;
    return bytes;
  }
}

const encoder = new TextEncoder();

function schemaOf(columns: readonly SchemaElement[]): SchemaElement[] {
  return [{ name: "root", num_children: columns.length }, ...columns];
}

/** The footer cuts bounds to 16 bytes, but until then each would keep its text, and what that was cut from. */
function shortenBounds({ meta_data }: ColumnChunk): void {
  const statistics = meta_data?.statistics;
  if (statistics === undefined) return;
  for (const name of ["min_value", "max_value"] as const) {
    const bound = statistics[name];
    if (typeof bound !== "string" && !(bound instanceof Uint8Array)) continue;
    if (bound.length > LONGEST_BOUND) delete statistics[name];
    else statistics[name] = typeof bound === "string" ? encoder.encode(bound) : bound.slice();
  }
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
