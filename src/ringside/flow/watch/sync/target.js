/* How late everybody shows what the camera saw: the event's target, and the way it moves.

   `target.json` says from where to where it goes, from when on, and how fast; so all who have read it agree on it at
   any instant without a word more. Its successor's name is held by the server until it exists: a change reaches
   everybody at once, ahead of its moment. Where there is none (a foreign origin), what was told or 1.2 s stands. */

export const FALLBACK_MS = 1200;
const MOST_MS = 60_000;
const LEAST_SLOPE = 0.001;
const AGAIN_MS = 1000; // and up to three times as long
const NEVER_MS = 60_000; // where there was none, one may appear
const HOLD_MS = 25_000; // the server holds for 15 s

/** A schedule and Unix milliseconds → `{target_ms, slope}`; slope is the target's own movement, ms per ms, signed. */
export function targetAt({ from_ms, target_ms, at_ms, slope }, utc_ms) {
  const passed_ms = utc_ms - at_ms;
  const way_ms = target_ms - from_ms;
  if (way_ms === 0 || passed_ms >= Math.abs(way_ms) / slope) return { target_ms, slope: 0 };
  if (passed_ms < 0) return { target_ms: from_ms, slope: 0 };
  const signed = Math.sign(way_ms) * slope;
  return { target_ms: from_ms + signed * passed_ms, slope: signed };
}

/** A target that stands still, as a schedule. */
export const still = (target_ms) => ({ version: 0, from_ms: target_ms, target_ms, at_ms: 0, slope: 1, next: null });

/** What `target.json` says as a schedule, or null where it is none. */
export function scheduleOf(json) {
  if (json === null || typeof json !== 'object') return null;
  const { version = 0, target_ms, from_ms = target_ms, at_ms = 0, slope = 0.04, next = null } = json;
  const numbers = [version, target_ms, from_ms, at_ms, slope].every(Number.isFinite);
  if (!numbers || Math.min(target_ms, from_ms) < 0 || Math.max(target_ms, from_ms) > MOST_MS) return null;
  return { version, from_ms, target_ms, at_ms, slope: Math.max(LEAST_SLOPE, Math.abs(slope)), next: typeof next === 'string' ? next : null };
}

/** Follows an event's target; `base` ends in `/live/{event}/`. */
export class Target {
  #url;
  #asking = null;
  #timer = 0;
  #stopped = false;
  known = false; // whether the server has been asked, whatever it said

  constructor(base, told_ms = FALLBACK_MS) {
    this.#url = new URL('target.json', base).href;
    this.schedule = still(told_ms);
  }

  /** `{target_ms, slope}` at Unix milliseconds. */
  at(utc_ms) {
    return targetAt(this.schedule, utc_ms);
  }

  start() {
    this.#read();
    return this;
  }

  stop() {
    this.#stopped = true;
    this.#asking?.abort();
    clearTimeout(this.#timer);
  }

  #again(wait_ms, what = () => this.#read()) {
    if (!this.#stopped) this.#timer = setTimeout(what, wait_ms * (1 + 2 * Math.random()));
  }

  async #read() {
    const { status, found } = await this.#fetch(this.#url);
    if (this.#stopped) return;
    this.known = true;
    if (found) this.schedule = found;
    if (found?.next) this.#follow(new URL(found.next, this.#url).href);
    else this.#again(found || status === 404 ? NEVER_MS : AGAIN_MS);
  }

  /* Held until there is a change, or for a while (204): then the same is asked again. */
  async #follow(url) {
    const began_ms = performance.now();
    const { status, found } = await this.#fetch(url, 'no-store'); // the browser's cache would give the last 204 again
    if (this.#stopped) return;
    if (found?.next && found.version > this.schedule.version) {
      this.schedule = found;
      this.#follow(new URL(found.next, this.#url).href);
    } else if (status === 204 && performance.now() - began_ms > AGAIN_MS) this.#follow(url);
    else if (status === 204) this.#again(AGAIN_MS / 2, () => this.#follow(url));
    else this.#again(AGAIN_MS);
  }

  async #fetch(url, cache = 'default') {
    this.#asking = new AbortController();
    const patience = setTimeout(() => this.#asking.abort(), HOLD_MS);
    try {
      const response = await fetch(url, { signal: this.#asking.signal, cache });
      const found = response.status === 200 ? scheduleOf(await response.json()) : null;
      return { status: response.status, found };
    } catch {
      return { status: 0, found: null };
    } finally {
      clearTimeout(patience);
    }
  }
}
