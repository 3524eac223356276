import { html, raw, type Html } from "./html.ts";
import { stylesheetPath } from "./stylesheet.ts";

/** No script, no inline style, nothing from elsewhere: the browser is told to hold us to it. */
export const contentPolicy: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'",
};

const waves = "M3 9c4-4 8-4 13 0s9 4 13 0M3 17c4-4 8-4 13 0s9 4 13 0M3 25c4-4 8-4 13 0s9 4 13 0";

/** Three lines of running water. */
export const logo: Html = raw(
  `<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path d="${waves}"/></svg>`,
);

/** The same for the tab; browsers ask for it by themselves. */
export function icon(): Response {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0b7a86" stroke-width="3.4" stroke-linecap="round"><path d="${waves}"/></svg>`;
  return new Response(svg, {
    headers: { "content-type": "image/svg+xml", "cache-control": "public, max-age=86400" },
  });
}

/** The beginning of every page of the tour, up to the open `<body>`. */
export function documentTop(title: string, bodyClass: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="/favicon.ico" type="image/svg+xml" />
        <link rel="stylesheet" href="${stylesheetPath}" />
      </head>
      <body class="${bodyClass}">
     `;
}

/** The beginning of a document that is shown inside a page; on one line, out of the way of those who read it with curl. */
export function frameTop(title: string, bodyClass = "frame"): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="stylesheet" href="${stylesheetPath}"><body class="${bodyClass}">\n`;
}

/** A document inside a page that is a sentence and no stream. */
export function frameNote(title: string, note: string): Response {
  return new Response(
    html`${raw(frameTop(title))}
      <p class="note">${note}</p>`.text,
    {
      headers: { "content-type": "text/html; charset=utf-8", ...contentPolicy },
    },
  );
}
