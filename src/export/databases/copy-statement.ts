import { MillraceError } from "../../response/errors.ts";
import { checkOptionNames } from "../../response/options.ts";
import { describe } from "../../response/source.ts";
import { checkSql } from "./database-rows.ts";
import type { PostgresCopyOptions } from "./postgres-copy.ts";

/** Comments and white space that may stand before a statement. */
const isCopy = /^(?:\s|--.*(?:\n|$)|\/\*[^]*?\*\/)*copy\b/i;

/**
 * The COPY statement, and whether its first line is a header.
 *
 * @throws MillraceError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function statementOf(
  sql: string,
  options: PostgresCopyOptions,
): { text: string; header: boolean } {
  checkSql(sql, "postgresCopy");
  checkOptions(options);
  if (!isCopy.test(sql)) {
    const { header = true } = options;
    // A line of its own for the parenthesis: the query may end in a comment.
    return {
      text: `COPY (${sql.replace(/[;\s]+$/, "")}\n) TO STDOUT WITH (${settings(options)})`,
      header,
    };
  }
  if (!/\bto\s+stdout\b/i.test(sql) || !/\bcsv\b/i.test(sql) || /\bfrom\s+stdin\b/i.test(sql)) {
    throw new MillraceError(
      "OPTION_INVALID",
      "The COPY statement does not write CSV to the client. Write COPY … TO STDOUT WITH (FORMAT csv, HEADER), or give the SELECT alone.",
    );
  }
  if (Object.values(options).some((value) => value !== undefined)) {
    throw new MillraceError(
      "OPTION_INVALID",
      "postgresCopy has options and a whole COPY statement. Write them into the statement, or give the SELECT alone.",
    );
  }
  return { text: sql, header: /\bheader\b(?!\s+'?(?:false|off|0)\b)/i.test(sql) };
}

function settings({
  header = true,
  delimiter,
  null: empty,
  quoteAll = false,
}: PostgresCopyOptions): string {
  const list = ["FORMAT csv", "ENCODING 'UTF8'", `HEADER ${header}`];
  if (delimiter !== undefined) list.push(`DELIMITER ${literal(delimiter)}`);
  if (empty !== undefined) list.push(`NULL ${literal(empty)}`);
  if (quoteAll === true) list.push("FORCE_QUOTE *");
  else if (quoteAll !== false) list.push(`FORCE_QUOTE (${quoteAll.map(identifier).join(", ")})`);
  return list.join(", ");
}

/** With E, whatever `standard_conforming_strings` is set to. */
const literal = (text: string) => ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;

function checkOptions(options: PostgresCopyOptions): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new MillraceError(
      "OPTION_INVALID",
      `The options of postgresCopy are ${describe(options)}. COPY takes no parameters: escape values into the SQL (escapeLiteral of pg), or use postgresRows.`,
    );
  }
  checkOptionNames(options, ["header", "delimiter", "null", "quoteAll"], "postgresCopy");
  const { header, delimiter, null: empty, quoteAll } = options;
  if (header !== undefined && typeof header !== "boolean")
    throw invalid("header", header, "true or false");
  // The rules of COPY, whose own errors come when the response has begun.
  if (delimiter !== undefined && !/^(?!["\r\n\0])\p{ASCII}$/u.test(delimiter)) {
    throw invalid(
      "delimiter",
      delimiter,
      "one ASCII character that is neither a quote nor the end of a line",
    );
  }
  if (empty !== undefined && (typeof empty !== "string" || /[\r\n\0]/.test(empty))) {
    throw invalid("null", empty, "a text without ends of lines");
  }
  if (empty !== undefined && (empty.includes('"') || empty.includes(delimiter ?? ","))) {
    throw invalid("null", empty, "a text without quotes and without the delimiter");
  }
  const columns =
    Array.isArray(quoteAll) &&
    quoteAll.length > 0 &&
    quoteAll.every((name) => typeof name === "string" && name !== "");
  if (quoteAll !== undefined && typeof quoteAll !== "boolean" && !columns) {
    throw invalid("quoteAll", quoteAll, "true, false, or the names of columns");
  }
}

function invalid(option: string, value: unknown, takes: string): MillraceError {
  return new MillraceError("OPTION_INVALID", `${option} is ${describe(value)}; it takes ${takes}.`);
}
