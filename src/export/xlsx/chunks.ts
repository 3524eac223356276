import { encodeRows } from "../encode-rows.ts";
import { ZipArchive } from "../zip/archive.ts";
import type { ZipEntry } from "../zip/entry.ts";
import {
  contentTypes,
  packageRelationships,
  styles,
  workbook,
  workbookRelationships,
} from "./parts.ts";
import type { XlsxPlan } from "./plan.ts";
import { SheetEncoder } from "./sheet-encoder.ts";

/** Parts of a workbook are dated so that the same rows make the same bytes. */
const modified = new Date("1980-01-01T00:00:00Z");

/** The bytes of a workbook: an archive with a sheet that is written while the rows come, and around it what says that it is one. */
export class XlsxChunks implements AsyncIterableIterator<Uint8Array, void> {
  readonly #encoder: SheetEncoder;
  /** The XML of all sheets, one behind the other. */
  readonly #sheets: Iterator<Uint8Array> | AsyncIterator<Uint8Array>;
  /** What was read of it and not written yet, and where that begins. */
  #chunk: Uint8Array | undefined;
  #offset = 0;
  readonly #archive: ZipArchive;

  /** @throws MillraceError `ROWS_INVALID` */
  constructor(rows: unknown, plan: XlsxPlan) {
    this.#encoder = new SheetEncoder(plan);
    const sheets = encodeRows(rows, this.#encoder);
    this.#sheets =
      Symbol.iterator in sheets ? sheets[Symbol.iterator]() : sheets[Symbol.asyncIterator]();
    const settings = { compress: true, level: plan.level, modified, large: false };
    this.#archive = new ZipArchive(this.#parts(), settings);
  }

  /** Rows that were written. */
  get rows(): number {
    return this.#encoder.rows;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, void>> {
    return this.#archive.next();
  }

  /** Told at once, the rows let go of a sheet that waits for them. */
  async return(): Promise<IteratorResult<Uint8Array, void>> {
    const rows = this.#sheets.return?.();
    const step = await this.#archive.return();
    await rows;
    return step;
  }

  async *#parts(): AsyncGenerator<ZipEntry, void, void> {
    this.#chunk = await this.#next(); // rows that fail at once fail before anything has left
    yield { name: "_rels/.rels", source: packageRelationships };
    yield { name: "xl/styles.xml", source: styles };
    const { sheets } = this.#encoder;
    for (let index = 0; index < this.#encoder.begun; index++) {
      yield { name: `xl/worksheets/sheet${index + 1}.xml`, source: () => this.#sheet(index) };
    }
    yield { name: "xl/workbook.xml", source: workbook(sheets) };
    yield { name: "xl/_rels/workbook.xml.rels", source: workbookRelationships(sheets.length) };
    yield { name: "[Content_Types].xml", source: contentTypes(sheets.length) };
  }

  /** The part of the XML that is this sheet. */
  async *#sheet(index: number): AsyncGenerator<Uint8Array, void, void> {
    while ((this.#chunk ??= await this.#next()) !== undefined) {
      const { byteLength } = this.#chunk;
      const left = (this.#encoder.sheets[index]?.end ?? Infinity) - this.#offset;
      const part = this.#chunk.subarray(0, left);
      this.#chunk = byteLength > left ? this.#chunk.subarray(left) : undefined;
      this.#offset += part.byteLength;
      yield part;
      if (byteLength >= left) return;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    const step = await this.#sheets.next();
    return step.done === true ? undefined : step.value;
  }
}
