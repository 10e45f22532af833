/* What to do when a feed has gone: open it again, ever later, or give the path up. Decides; its timers are its only shell. */

const WAITS_MS = [60, 400, 900, 1800];
const FIRST_TRIES = 2; // for a feed that never brought anything
/* Not a byte for so long, or up to twice: the line is dead though nobody said so. A crowd that hears nothing because the
   event pauses must not come back in one stroke. */
const SILENT_MS = 2500;
const WELL_MS = 5000; // chunks for so long, and what was before is forgotten: who dies again and again is asked ever later
const FINAL = new Set([401, 403, 404, 410, 429, 503]);

export class Retrying {
  #tries = new Map();
  #timers = new Set();
  #silent_ms;

  constructor(dice = Math.random()) {
    this.#silent_ms = SILENT_MS * (1 + dice);
  }

  /** A chunk has come. */
  good(kind, now_ms) {
    if (this.#tries.size && now_ms - (this.#tries.get(kind)?.last_ms ?? 0) > WELL_MS) this.#tries.delete(kind);
  }

  isSilent(quiet_ms) {
    return quiet_ms >= this.#silent_ms;
  }

  /** A feed of this kind ended with a status; `fresh`: it never brought a chunk → `{wait_ms}`, or `{fail, offered}`. */
  gone(kind, { status, fresh }, now_ms, dice) {
    const tries = this.#tries.get(kind)?.count ?? 0;
    this.#tries.set(kind, { count: tries + 1, last_ms: now_ms });
    if (fresh && FINAL.has(status)) return { fail: true, offered: status === 404 ? false : undefined };
    if (tries >= (fresh ? FIRST_TRIES : WAITS_MS.length)) return { fail: true, offered: fresh ? false : undefined };
    return { wait_ms: WAITS_MS[tries] * (0.5 + dice) };
  }

  plan(kind, what, wait_ms) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, wait_ms);
    this.#timers.add(timer);
  }

  stop() {
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
  }
}
