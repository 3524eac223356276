import type { LimitName, ResponseLimits } from "./limits.ts";
import { startTimer, type Timer } from "./timer.ts";

/** What the deadlines of a run need to know of it, and what they tell it. */
export interface Watched {
  /** When the source last yielded or was let on again, as `performance.now()`. */
  readonly activeAt: number;
  /** When bytes were last sent, as `performance.now()`. */
  readonly sentAt: number;
  /** Whether it is the reader's turn now, so that the source cannot be blamed for its silence. */
  readonly waitsForReader: boolean;
  /** Bytes handed to the sink so far. */
  readonly bytes: number;
  /** Those of them that the reader has not taken yet. */
  readonly pendingBytes: number;
  expire(limit: LimitName): void;
  /** The time of a heartbeat has come. */
  beat(): void;
}

/** How often the reader is looked at within one `stalled` limit. */
const LOOKS = 4;

/**
 * The timers of one run: its limits and its heartbeat. A timer that guards a silence is not restarted by every chunk; when
 * it fires it looks how long the silence really was.
 */
export class Deadlines {
  readonly #run: Watched;
  readonly #limits: ResponseLimits;
  readonly #heartbeat: number | undefined;
  readonly #timers: { -readonly [name in LimitName | "heartbeat"]?: Timer | undefined } = {};

  /** Bytes that the reader had taken when it was last seen to take some, and when that was. */
  #taken = 0;
  #takenAt = 0;

  constructor(run: Watched, limits: ResponseLimits, heartbeat: number | undefined) {
    this.#run = run;
    this.#limits = limits;
    this.#heartbeat = heartbeat;
  }

  start(): void {
    const { firstChunk, idle, total } = this.#limits;
    if (firstChunk) this.#arm("firstChunk", firstChunk, expireFirstChunk);
    if (idle) this.#arm("idle", idle, lookAtIdle);
    if (total) this.#arm("total", total, expireTotal);
    if (this.#heartbeat !== undefined) this.#arm("heartbeat", this.#heartbeat, lookAtHeartbeat);
  }

  /** The source has yielded for the first time. */
  sawFirstChunk(): void {
    this.#disarm("firstChunk");
  }

  /** The source is through; only the reader can be late now. */
  sawEnd(): void {
    this.#disarm("firstChunk");
    this.#disarm("idle");
    this.#disarm("heartbeat");
  }

  /**
   * Bytes are pending: the reader must take some of them. The timer looks four times per limit at what was taken, and
   * ends itself when nothing is pending, so that writes cost nothing and a quiet stream is never stalled.
   */
  watchReader(): void {
    const { stalled } = this.#limits;
    if (!stalled || this.#timers.stalled !== undefined) return;
    this.#taken = this.#run.bytes - this.#run.pendingBytes;
    this.#takenAt = performance.now();
    this.#arm("stalled", stalled / LOOKS, lookAtReader);
  }

  lookAtReader(): void {
    this.#disarm("stalled");
    const limit = this.#limits.stalled || 0;
    const { bytes, pendingBytes, waitsForReader } = this.#run;
    // A pipelined response waits with nothing pending until its turn comes, and may be stuck from then on.
    if (pendingBytes === 0 && !waitsForReader) return;
    const now = performance.now();
    if (pendingBytes === 0 || bytes - pendingBytes > this.#taken) {
      this.#taken = bytes - pendingBytes;
      this.#takenAt = now;
    }
    const left = limit - (now - this.#takenAt);
    if (left < 1) this.expire("stalled");
    else this.#arm("stalled", Math.min(limit / LOOKS, left), lookAtReader);
  }

  stop(): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  expire(limit: LimitName): void {
    this.#run.expire(limit);
  }

  lookAtIdle(): void {
    this.#disarm("idle");
    const limit = this.#limits.idle || 0;
    const { waitsForReader, activeAt } = this.#run;
    const left = waitsForReader ? limit : limit - (performance.now() - activeAt);
    if (left < 1) this.expire("idle");
    else this.#arm("idle", left, lookAtIdle);
  }

  lookAtHeartbeat(): void {
    this.#disarm("heartbeat");
    const interval = this.#heartbeat ?? 0;
    const silence = performance.now() - this.#run.sentAt;
    const due = interval - silence < 1;
    this.#arm("heartbeat", due ? interval : interval - silence, lookAtHeartbeat);
    if (due && !this.#run.waitsForReader) this.#run.beat();
  }

  #arm(name: LimitName | "heartbeat", ms: number, callback: (timers: Deadlines) => void): void {
    this.#timers[name] ??= startTimer(callback, ms, this);
  }

  #disarm(name: LimitName | "heartbeat"): void {
    const timer = this.#timers[name];
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers[name] = undefined; // not `delete`, which would make it a slow object
  }
}

// Timers call these with the deadlines: a thousand quiet streams need no closures.
const expireFirstChunk = (deadlines: Deadlines) => deadlines.expire("firstChunk");
const expireTotal = (deadlines: Deadlines) => deadlines.expire("total");
const lookAtReader = (deadlines: Deadlines) => deadlines.lookAtReader();
const lookAtIdle = (deadlines: Deadlines) => deadlines.lookAtIdle();
const lookAtHeartbeat = (deadlines: Deadlines) => deadlines.lookAtHeartbeat();
