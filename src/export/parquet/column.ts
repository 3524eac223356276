import type { SchemaElement } from "hyparquet-writer";

import { cellType, typeNameOf, type CellType, type Stored } from "./types.ts";

/** What a cell takes besides its bytes: a place in an array. */
const PLACE = 8;

/** Numbers, before it is known whether all are integers. */
const undecided: CellType = {
  physical: {},
  store: (value) => (typeof value === "number" ? value + 0 : undefined),
};

/**
 * One column of a file, and its cells in the row group that is being collected.
 *
 * Where nobody gave the type, the first cell that is not null decides. Numbers wait for all of the first row group: `int64` if
 * they are integers, else `float64`. A column of nulls is one of strings.
 */
export class ParquetColumn {
  readonly key: string;
  /** Its name in the file. */
  readonly name: string;
  /** Whether the type was read off the cells. */
  readonly inferred: boolean;
  /** Undefined while nothing is known, `number` while it may be of two types. */
  typeName: string | undefined;
  /** About how much memory the cells take. */
  bytes = 0;
  #type: CellType | undefined;
  #cells: (Stored | null)[] = [];

  constructor(key: string, name: string, typeName: string | undefined) {
    this.key = key;
    this.name = name;
    this.inferred = typeName === undefined;
    this.typeName = typeName;
    this.#type = cellType(typeName);
  }

  /** Whether readers get bounds of its row groups. */
  get bounds(): boolean {
    return this.#type?.bounds ?? true;
  }

  /** Adds a cell; false if the column cannot hold it. */
  add(value: unknown): boolean {
    this.bytes += PLACE;
    const plain = plainOf(value);
    if (plain === null || plain === undefined) {
      this.#cells.push(null);
      return true;
    }
    if (this.#type === undefined) {
      this.typeName = typeNameOf(plain);
      this.#type = this.typeName === "number" ? undecided : cellType(this.typeName);
    }
    const cell = this.#type?.store(plain);
    if (cell === undefined) return false;
    this.#cells.push(cell);
    this.bytes += sizeOf(cell);
    return true;
  }

  /** Decides what is open about the type, which is when the first row group is collected. */
  settle(): void {
    if (this.#type === undecided) {
      const integers = this.#cells.every((cell) => cell === null || Number.isSafeInteger(cell));
      this.typeName = integers ? "int64" : "float64";
      this.#type = cellType(this.typeName);
      if (integers) this.#cells = this.#cells.map(widened);
    }
    this.typeName ??= "string";
    this.#type ??= cellType(this.typeName);
  }

  /** Removes and returns the cells. */
  take(): (Stored | null)[] {
    const cells = this.#cells;
    this.#cells = [];
    this.bytes = 0;
    return cells;
  }

  /** As the library shall encode it. */
  get physical(): SchemaElement {
    return { name: this.name, repetition_type: "OPTIONAL", ...this.#type?.physical };
  }

  /** As the footer describes it. */
  get described(): SchemaElement {
    return { ...this.physical, ...this.#type?.annotation };
  }
}

/** A Temporal, URL, ObjectId or Decimal says itself what it is. */
function plainOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  const { toJSON } = value as { toJSON?: unknown }; // any object may have one
  return typeof toJSON === "function" ? (toJSON.call(value) as unknown) : value;
}

function widened(cell: Stored | null): bigint | null {
  return cell === null ? null : BigInt(cell as number); // it is an integer
}

function sizeOf(cell: Stored): number {
  if (typeof cell === "string") return cell.length;
  return typeof cell === "object" ? cell.byteLength : 0;
}
