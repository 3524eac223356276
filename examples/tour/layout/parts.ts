import { html, raw, type Html } from "./html.ts";

export interface RunOptions {
  /** How the visitor calls this server. */
  readonly origin: string;
  /** Path and query of the view. */
  readonly path: string;
  /** What is seen, for those who cannot see the frame's place on the page. */
  readonly title: string;
  /** Height of the frame in CSS pixels. Default 150. */
  readonly height?: number;
  /** Whether it runs as soon as the page is there. Default true. */
  readonly starts?: boolean;
  /** Whether a link lets the visitor leave in the middle. Default false. */
  readonly leaves?: boolean;
  /** The line for a terminal; default `curl -N` and the address, `false`: none. */
  readonly curl?: string | false;
}

/** A view at work inside the page: a frame, a link that runs it again, and the line that does the same in a terminal. */
export function run(options: RunOptions): Html {
  const { origin, path, title, height = 150, starts = true, leaves = false, curl } = options;
  const frame = path.replaceAll(/\W+/g, "-").replace(/^-/, "");
  return html`<figure class="run">
    <figcaption>
      <code>${path}</code>
      <a href="${path}" target="${frame}">${starts ? "run it again" : "run it"}</a>
      ${leaves && html`<a href="/left" target="${frame}">leave</a>`}
    </figcaption>
    <iframe
      name="${frame}"
      title="${title}"
      src="${starts ? path : "/idle"}"
      height="${height}"
    ></iframe>
    ${curl !== false && terminal(curl ?? `curl -N ${quoted(origin + path)}`)}
  </figure>`;
}

/** A line to copy: one click selects the whole of it. */
export function terminal(command: string | Html): Html {
  return html`<pre class="terminal" tabindex="0"><code>${command}</code></pre>`;
}

/** A session to read: what was typed, and what came of it. */
export function session(lines: readonly string[]): Html {
  const shown = lines.map((line) => (line.startsWith("$ ") ? html`<b>${line}</b>` : html`${line}`));
  return html`<pre class="session" tabindex="0"><code>${raw(shown.join("\n"))}</code></pre>`;
}

function quoted(address: string): string {
  return /[?&]/.test(address) ? `'${address}'` : address;
}
