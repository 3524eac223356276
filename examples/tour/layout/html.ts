/** Text that is HTML already and is not escaped again. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: text is escaped, lists are joined, `false` and `undefined` leave nothing. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | false | undefined;

/**
 * Escapes every value that is put into it.
 *
 * @example
 * html`<h1>${title}</h1>`
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toText)));
}

/** Takes text as the HTML that it is. */
export function raw(text: string): Html {
  return new Html(text);
}

function toText(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(toText).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
