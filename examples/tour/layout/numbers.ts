/** `9,876 bytes`, `1,234 kB`, `56.7 MB`, `8.90 GB`. */
export function size(bytes: number): string {
  if (bytes < 10_000) return `${count(bytes)} bytes`;
  if (bytes < 10_000_000) return `${count(Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** `1,234,567`. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** `0.4 s`, `12.3 s`, `4 min 5 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 99.5) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
