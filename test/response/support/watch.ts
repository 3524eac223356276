import type { TestContext } from "node:test";

import type { StreamOutcome } from "millrace";

export interface OutcomeWatch {
  /** Give it to the response. */
  readonly onClose: (outcome: StreamOutcome) => void;
  /** Every outcome that was reported: one, whatever happens. */
  readonly outcomes: StreamOutcome[];
  /** The first one. */
  readonly closed: Promise<StreamOutcome>;
}

/** Collects the outcomes of one response. */
export function watchOutcome(): OutcomeWatch {
  const { promise, resolve } = Promise.withResolvers<StreamOutcome>();
  const outcomes: StreamOutcome[] = [];
  const onClose = (outcome: StreamOutcome) => {
    outcomes.push(outcome);
    resolve(outcome);
  };
  return { onClose, outcomes, closed: promise };
}

export interface Warning {
  readonly code: string;
  readonly message: string;
}

/** Collects what would be printed as a warning, until the end of the test. */
export function captureWarnings(t: TestContext): Warning[] {
  const warnings: Warning[] = [];
  const original = process.emitWarning;
  process.emitWarning = ((message: string, options?: { code?: string }) => {
    warnings.push({ code: options?.code ?? "", message });
  }) as typeof process.emitWarning; // the one of its overloads that Millrace calls
  t.after(() => {
    process.emitWarning = original;
  });
  return warnings;
}

/** The timers of Millrace let a process exit; awaited this way, a limit of a stream without a socket still passes. */
export async function awake<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 1_000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

/** Lets everything that is ready run: a few whole turns of the event loop. For what must not happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise<void>((resolve) => void setTimeout(resolve, 1));
  }
}

/** Waits, and rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
