/** Tells the operator of something that has no caller to tell: once, without stopping anything. */
export function warn(code: string, message: string): void {
  const host: { process?: { emitWarning?: (message: string, options: object) => void } } =
    globalThis;
  if (host.process?.emitWarning !== undefined) {
    host.process.emitWarning(message, { type: "MillraceWarning", code });
  } else {
    console.warn(`MillraceWarning [${code}]: ${message}`);
  }
}

/** What was thrown, as text; not everything has one. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
