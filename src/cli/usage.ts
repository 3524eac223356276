/** What `millrace --help` prints. */
export const usage = `Usage: millrace serve <app> [options]

Serves an app: a .ts or .js file whose default export is a function
(request) => response, or an object with a fetch method (Hono, h3, …).

  npx millrace serve app.ts

Where
  --port <n>             Port to listen on; 0 takes any free one.  [8000]
  --host <address>       Address to listen on; 0.0.0.0 for all.    [127.0.0.1]
  --tls-cert <file>      Certificate in PEM; with --tls-key it makes HTTPS.
  --tls-key <file>       Private key in PEM.
  --http2                Speak HTTP/2 too: by ALPN with TLS, else h2c.

While you work
  --watch                Start again when a file of the app changes.
  --log <format>         One line for each response: pretty, json or off.
                         [pretty on a terminal, json elsewhere]
  --verbose              Print the whole stack of errors.

Limits of responses (a response may set its own)
  --first-chunk <time>   Longest wait for the first chunk.         [off]
  --idle <time>          Longest silence of a source.              [off]
  --total <time>         Longest time for a response.              [off]
  --stalled <time>       Longest time a reader may take nothing
                         while bytes are pending.                  [2m]
  --head-grace <time>    How long the head waits for the first
                         chunk, so that an early error is a 500.   [1s]

Limits of clients
  --request-head <time>  Longest time for a request's head.        [10s]
  --request <time>       Longest time for a whole request.         [5m]
  --keep-alive <time>    How long an unused connection is kept.    [5s]
  --connections <n>      Most connections at a time.
                         [80 % of the file descriptors]

At the end
  --drain <time>         How long open streams may go on after
                         SIGTERM or Ctrl-C; off: not at all.       [30s]

Times are like 500ms, 30s, 5m or 1h; off switches a limit off.`;
