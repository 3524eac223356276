/** Work goes on for this many ms at a time; then the event loop turns, so that it cannot starve other requests. */
const SLICE = 4;
/** The clock is read once in so many steps at most, which makes it a fiftieth of the cost of a fast chunk. */
const LONGEST_STRIDE = 32;

/** Tells when a loop has run long enough. It looks at the clock less and less often while steps are quick. */
export class Slice {
  #from: number = performance.now();
  /** The clock is looked at again after this many steps, and how many that was at first. */
  #looksIn = 1;
  #stride = 1;

  /** The loop has let others run. */
  restart(): void {
    this.#from = performance.now();
  }

  /** To be asked once for each step. */
  isOver(): boolean {
    if (--this.#looksIn > 0) return false;
    const over = performance.now() - this.#from > SLICE;
    this.#stride = over ? 1 : Math.min(this.#stride * 2, LONGEST_STRIDE);
    this.#looksIn = this.#stride;
    return over;
  }
}
