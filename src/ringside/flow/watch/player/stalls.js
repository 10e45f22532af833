/* How much more room a line needs than its path promises, as its stalls show: a little for each, which wears off. Pure. */

/** For stock players: their stalls are seen late, when they have stood for a while. */
export const STOCK = { costs_ms: 150, most_ms: 1500, wears_off: 1 / 200 };

export class Stalls {
  #costs_ms;
  #most_ms;
  #wears_off;
  #ms = 0;
  #since_ms = 0;

  /** A stall adds `costs_ms`, all together at most `most_ms`; that wears off by `wears_off` ms a ms. */
  constructor({ costs_ms, most_ms, wears_off }) {
    [this.#costs_ms, this.#most_ms, this.#wears_off] = [costs_ms, most_ms, wears_off];
  }

  /** The picture stood still for want of media. */
  stalled(now_ms) {
    this.#ms = Math.min(this.#most_ms, this.#left(now_ms) + this.#costs_ms);
    this.#since_ms = now_ms;
  }

  #left(now_ms) {
    return Math.max(0, this.#ms - (now_ms - this.#since_ms) * this.#wears_off);
  }

  /** Milliseconds to add to what the path holds without; given back a stall at a time, so that nobody is moved all the while. */
  at(now_ms) {
    return Math.ceil(this.#left(now_ms) / this.#costs_ms) * this.#costs_ms;
  }
}
