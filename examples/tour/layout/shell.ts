import { StreamingHttpResponse } from "millrace";

import { contentPolicy, documentTop, logo } from "./document.ts";
import { html, Html } from "./html.ts";
import type { Page, Visit } from "./page.ts";

/** A page of the tour in its frame. It is a stream itself: what is above the content leaves before it. */
export function pageResponse(page: Page, visit: Visit): Response {
  return new StreamingHttpResponse(
    async function* () {
      yield top(page, visit.tour.pages).text;
      const content = page.content(visit);
      if (content instanceof Html) yield content.text;
      else for await (const part of content) yield part.text;
      yield bottom(page, visit.tour.pages).text;
    },
    { headers: contentPolicy },
  );
}

/** The answer to an address that no page and no view has. */
export function notFound(pages: readonly Page[]): Response {
  const page = { order: -1, path: "", title: "Nothing here" };
  const text = html`${top(page, pages)}
    <p>No page and no stream has this address. The list of pages leads on.</p>
    ${bottom(page, pages)}`;
  return new Response(text.text, {
    status: 404,
    headers: { "content-type": "text/html; charset=utf-8", ...contentPolicy },
  });
}

type Titled = Pick<Page, "order" | "path" | "title">;

function top(page: Titled, pages: readonly Page[]): Html {
  const first = page.path === "/";
  return html`${documentTop(first ? "A tour of Millrace" : `${page.title} · Millrace`, first ? "page first" : "page")}
    <header class="site">
      <a class="brand" href="/">${logo}<span>millrace</span></a>
      <nav aria-label="Pages">
        <ol>
          ${pages.map((each) => html`<li><a href="${each.path}" ${each.path === page.path && html` aria-current="page"`}>${each.title}</a></li>`)}
        </ol>
      </nav>
    </header>
    <main>
      <p class="eyebrow">${eyebrow(page, pages)}</p>
      <h1>${page.title}</h1>
     `;
}

function eyebrow({ path, order }: Titled, pages: readonly Page[]): string {
  if (path === "/") return "A tour of Millrace";
  return order < 0 ? "404" : `${order} of ${pages.length - 1}`;
}

function bottom(page: Titled, pages: readonly Page[]): Html {
  const index = pages.findIndex(({ path }) => path === page.path);
  const before = pages[index - 1];
  const after = pages[index + 1];
  return html`</main>
<footer class="site">
${before !== undefined && html`<a rel="prev" href="${before.path}"><small>Back</small>${before.title}</a>`}${after !== undefined && html`<a rel="next" href="${after.path}"><small>Next</small>${after.title}</a>`}</footer>
</body>
</html>
`;
}
