/* The server's clock, seen from a viewer.

   `/clock` answers with UTC as ISO 8601 to the microsecond. What the answers say together is filter.js's; here they are
   fetched: a few at once to begin with, then ever more seldom. Local time is the page's monotonic clock, whose place in
   UTC is read once, so a device clock that is wrong, or set during the event, makes no difference. What is shown is
   slewed, so that nobody who steers by it sees it leap, but for the first answer and after sleep. */
import { admit, agrees, best, estimate, isStale, sampleOf, slewed } from './filter.js';

export { best, sampleOf } from './filter.js';

const GAPS_MS = [150, 150, 150, 150, 500, 2000, 5000, 10_000, 20_000];
const BETWEEN_MS = 45_000;
const COARSE = { error_ms: 4, rounds: 24, gap_ms: 1000 }; // while so little is known, a few more
const SOON_MS = 2000;
const SLEPT_MS = 500; // the device's clock went on so much further than the page's
const PATIENCE_MS = 5000;
const REFRESH_MS = 1000;
const LOOK_MS = 200; // what is shown is moved so often

/** `2026-11-22T19:30:00.123456Z` → Unix milliseconds with a fraction, or NaN. */
export function parseUtc(text) {
  const match = /^\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z\s*$/.exec(text);
  if (!match) return NaN;
  return Date.parse(`${match[1]}Z`) + (match[2] ? Number(`0.${match[2]}`) * 1000 : 0);
}

const ORIGIN_MS = performance.timeOrigin;

/** The page's own UTC milliseconds, monotonic. */
export const localNow = () => ORIGIN_MS + performance.now();

/** Follows the server's clock; until the first answer it is the local clock, and says so (`known` is false). */
export class ServerClock {
  #samples = [];
  #url;
  #timer = 0;
  #running = false;
  #round = 0; // of the burst we are in
  #shown = null; // {offset_ms, at_ms}: what is shown, as of then
  #slept_ms = 0; // device time minus page time, when last looked at
  #forget = false;
  #refreshed_ms = -Infinity;
  #cached = false;
  #corrected_ms = 0;

  constructor(url = '/clock') {
    this.#url = url;
  }

  get known() {
    return this.#shown !== null;
  }

  /** Server minus local, milliseconds; 0 before the first answer. */
  get offset_ms() {
    if (!this.#shown) return 0;
    const at_ms = localNow();
    if (at_ms - this.#shown.at_ms >= LOOK_MS) {
      const wanted_ms = estimate(this.#samples, at_ms).offset_ms;
      this.#shown = { offset_ms: slewed(this.#shown.offset_ms, wanted_ms, at_ms - this.#shown.at_ms), at_ms };
    }
    return this.#shown.offset_ms;
  }

  /** The least round trip that is remembered, or null. */
  get trip_ms() {
    return best(this.#samples)?.trip_ms ?? null;
  }

  /** How wrong the clock may be, either way; null before the first answer. */
  get error_ms() {
    return estimate(this.#samples, localNow())?.error_ms ?? null;
  }

  now() {
    return localNow() + this.offset_ms + this.#corrected_ms;
  }

  /** Whoever knows better (the media that arrives) sets it right, for all who go by it. */
  correct(by_ms) {
    this.#corrected_ms += by_ms;
  }

  start() {
    if (!this.#running) {
      this.#running = true;
      this.#slept_ms = Date.now() - localNow();
      this.#ask();
    }
    return this;
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** After sleep the page's own clock may have stood still: forget and ask anew. */
  refresh() {
    if (localNow() - this.#refreshed_ms < REFRESH_MS) return;
    this.#refreshed_ms = localNow();
    this.#forget = true;
    this.#round = 0;
    this.stop();
    this.start();
  }

  async #ask() {
    clearTimeout(this.#timer);
    const good = await this.sample();
    if (!this.#running) return;
    this.#round += 1;
    const coarse = this.#round < COARSE.rounds && (this.error_ms ?? 0) > COARSE.error_ms;
    const usual_ms = good || this.#round < GAPS_MS.length / 2 ? (GAPS_MS[this.#round - 1] ?? BETWEEN_MS) : SOON_MS;
    const gap_ms = coarse ? Math.min(COARSE.gap_ms, usual_ms) : usual_ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), gap_ms * (0.75 + Math.random() / 2));
  }

  /* The device's clock and the page's have parted: one of them stood still, or was set. */
  #hasSlept() {
    const apart_ms = Date.now() - localNow();
    const slept = Math.abs(apart_ms - this.#slept_ms) > SLEPT_MS;
    this.#slept_ms = apart_ms;
    return slept;
  }

  /** One exchange; whether it was a sample to go by. A failed one is none, nor one that a cache or a sleep came between. */
  async sample() {
    if (this.#hasSlept()) this.#forget = true;
    try {
      const sent_ms = localNow();
      const response = await fetch(this.#asked(), { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
      const received_ms = localNow();
      const server_ms = parseUtc(await response.text());
      if (!response.ok || !Number.isFinite(server_ms) || this.#hasSlept()) return false;
      return this.#take(sampleOf(sent_ms, received_ms, server_ms), Number(response.headers.get('age')) > 0);
    } catch {
      return false; // the next round asks again; until then the last good samples stand
    }
  }

  #asked() {
    return this.#cached ? `${this.#url}?${Math.random().toString(36).slice(2)}` : this.#url;
  }

  #take(sample, aged) {
    this.#cached = aged || isStale(this.#samples, sample);
    if (this.#cached && !this.#forget) return false;
    if (aged) return false;
    const known = estimate(this.#samples, sample.at_ms);
    this.#samples = this.#forget ? [sample] : admit(this.#samples, sample);
    const young = this.#forget || !this.#shown || this.#samples.length < 4;
    this.#forget = false;
    const { offset_ms } = estimate(this.#samples, sample.at_ms);
    if (young) this.#shown = { offset_ms, at_ms: localNow() };
    return known === null || agrees(sample, known);
  }
}
