/** Seconds that are remembered. */
const longest = 120;

const samples: number[] = [];

/** Resident memory of this process in bytes, second by second; the latest is the last. */
export const serverMemory: readonly number[] = samples;

function sample(): void {
  samples.push(process.memoryUsage.rss());
  if (samples.length > longest) samples.shift();
}

sample();
setInterval(sample, 1000).unref();
