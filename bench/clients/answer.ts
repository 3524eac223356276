/** Answers the benchmark's requests, one at a time. */
export function answerWith<Request>(handle: (request: Request) => Promise<unknown>): void {
  process.on("message", (request: Request) => {
    void handle(request).then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit());
  process.send?.("ready");
}
