/** Tells the benchmark where this server listens, and answers its questions about CPU and memory. */
export function announce(port: number): void {
  process.send?.(port);
  process.on("message", (message: { collect: boolean }) => void answer(message.collect));
  process.on("disconnect", () => process.exit());
}

async function answer(collect: boolean): Promise<void> {
  if (collect) {
    for (let index = 0; index < 3; index++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50)); // finalizers, and pages given back
    }
  }
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ cpu: user + system, rss, heap: heapUsed });
}
