/** Characters that XML 1.0 has no way to write (2.2), and CR, which its readers turn into LF (2.11). */
// oxlint-disable no-control-regex -- they are what is looked for
const unwritable = String.raw`[\0-\x08\x0b-\x1f\ufffe\uffff]`;
/** Text that a reader would take for the escape of another character: its first `_` is escaped itself. */
const lookalike = String.raw`_(?=x[\dA-Fa-f]{4}(?:_|${unwritable}))`;
const special = new RegExp(`[&<>]|${unwritable}|${lookalike}`);
const everySpecial = new RegExp(special, "g");
// oxlint-enable no-control-regex

/** Text as it stands in XML, with the escapes of ST_Xstring for what XML cannot hold: `_x000D_` (ECMA-376-1 22.9.2.19). */
export function xmlText(text: string): string {
  return special.test(text) ? text.replace(everySpecial, escapeOf) : text;
}

/** Text inside the quotes of an attribute. */
export function xmlAttribute(text: string): string {
  return xmlText(text).replaceAll('"', "&quot;");
}

function escapeOf(character: string): string {
  if (character === "&") return "&amp;";
  if (character === "<") return "&lt;";
  if (character === ">") return "&gt;";
  return `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`;
}
