/** What is known of the runs that one probe id has seen. Plain data: it is answered as JSON to tests in other processes. */
export interface ProbeRecord {
  /** How often the source was called. */
  started: number;
  /** How often its `finally` ran. */
  finished: number;
  /** How often its signal aborted. */
  aborted: number;
  /** What it was asked for: chunks that it yielded, and the bytes in them. */
  chunks: number;
  bytes: number;
  /** What `onClose` was told, in order. */
  outcomes: string[];
  /** How many chunks the client has confirmed, see `/acknowledged`. */
  acknowledged: number;
}

const records = new Map<string, ProbeRecord>();

/** The record of a probe id, made when it is first asked for. */
export function recordOf(id: string): ProbeRecord {
  let record = records.get(id);
  if (record === undefined) {
    record = {
      ...{ started: 0, finished: 0, aborted: 0, chunks: 0, bytes: 0 },
      outcomes: [],
      acknowledged: 0,
    };
    records.set(id, record);
  }
  return record;
}

const tracked: WeakRef<object>[] = [];

/** Remembers an object without holding it, so that a test can ask what is still held after it should be gone. */
export function track(object: object): void {
  tracked.push(new WeakRef(object));
}

/** How many tracked objects are still there; meaningful right after a garbage collection. */
export function countTracked(): number {
  return tracked.filter((reference) => reference.deref() !== undefined).length;
}
