import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

import { parse } from "csv-parse/sync";

import { python } from "./python.ts";

const run = promisify(execFile);

/** A cell as LibreOffice understands it. */
export interface SeenCell {
  /** `string`, `float`, `date`, `boolean`; empty for an empty cell. */
  readonly type: string;
  readonly value: string;
  readonly formula: string | null;
}

export interface SeenSheet {
  readonly name: string;
  readonly rows: readonly (readonly SeenCell[])[];
}

/** Separator, quote, UTF-8, all sheets, and cells as they are shown (LibreOffice, Filter Options for CSV). */
const CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";

/** Opens workbooks with LibreOffice, under a profile of its own. */
export class LibreOffice {
  readonly #folder = mkdtempSync(join(tmpdir(), "millrace-office-"));

  constructor(t: Pick<TestContext, "after">) {
    t.after(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** What each sheet shows, by its name. */
  async show(workbook: Uint8Array): Promise<Record<string, string[][]>> {
    const folder = await this.#convert(workbook, CSV);
    const files = readdirSync(folder).filter((name) => name.endsWith(".csv"));
    const sheets = files.map((name): [string, string[][]] => [
      name.slice("book-".length, -".csv".length),
      parse(readFileSync(join(folder, name)), { relaxColumnCount: true }),
    ]);
    return Object.fromEntries(sheets);
  }

  /** Types, values and formulas of all cells. */
  async read(workbook: Uint8Array): Promise<SeenSheet[]> {
    const folder = await this.#convert(workbook, "fods");
    return python<SeenSheet[]>(readCells, readFileSync(join(folder, "book.fods")));
  }

  async #convert(workbook: Uint8Array, format: string): Promise<string> {
    const folder = mkdtempSync(join(this.#folder, "book-"));
    const path = join(folder, "book.xlsx");
    writeFileSync(path, workbook);
    const profile = `-env:UserInstallation=file://${this.#folder}/profile`;
    const options = ["--headless", profile, "--convert-to", format, "--outdir", folder, path];
    await run("soffice", options, { timeout: 60_000 });
    return folder;
  }
}

const readCells = `
import json, sys
import xml.etree.ElementTree as ET
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
def cell_of(cell):
    kind = cell.get(OFFICE + "value-type", "")
    text = "\\n".join("".join(p.itertext()) for p in cell.findall(TEXT + "p"))
    value = cell.get(OFFICE + ("date-value" if kind == "date" else "value"), text)
    return {"type": kind, "value": value, "formula": cell.get(TABLE + "formula")}
def rows_of(table):
    for row in table.iter(TABLE + "table-row"):
        cells = []
        for cell in row:
            times = int(cell.get(TABLE + "number-columns-repeated", "1"))
            cells += [cell_of(cell)] * min(times, 50)
        while cells and cells[-1]["type"] == "":
            cells.pop()
        if cells:
            yield cells
root = ET.fromstring(sys.stdin.buffer.read())
print(json.dumps([
    {"name": table.get(TABLE + "name"), "rows": list(rows_of(table))}
    for table in root.iter(TABLE + "table")
]))
`;

/** A cell as it stands in the XML. */
export interface RawCell {
  readonly ref: string;
  readonly type: string | null;
  readonly style: string | null;
  /** Its text or value, with the escapes of ECMA-376 undone. */
  readonly text: string;
}

/** The cells of each sheet as they stand in the XML, which Python finds well-formed. */
export function rawCells(workbook: Uint8Array): Promise<RawCell[][]> {
  return python<RawCell[][]>(readRaw, workbook);
}

const readRaw = `
import io, json, re, sys, zipfile
import xml.etree.ElementTree as ET
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
def unescape(text):
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)
def cell_of(cell):
    inline = cell.find(MAIN + "is")
    found = cell.find(MAIN + "v") if inline is None else inline.find(MAIN + "t")
    return {"ref": cell.get("r"), "type": cell.get("t"), "style": cell.get("s"), "text": unescape(found.text or "")}
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
parts = {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}
sheets = [name for name in parts if name.startswith("xl/worksheets/")]
print(json.dumps([[cell_of(cell) for cell in parts[name].iter(MAIN + "c")] for name in sheets]))
`;
