/* The server's clock, seen from a viewer.

   `/clock` answers with UTC as ISO 8601 to the microsecond. Of several samples the one with the least round
   trip is nearest the truth: its error is at most half that trip. Local time is the page's monotonic clock,
   so a viewer whose wall clock is set during the event notices nothing. */

const KEEP = 8;
const FIRST_SAMPLES = 4;
const BETWEEN_FIRST_MS = 150;
const BETWEEN_MS = 45_000;

/** `2026-11-22T19:30:00.123456Z` → Unix milliseconds with a fraction, or NaN. */
export function parseUtc(text) {
  const match = /^\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z\s*$/.exec(text);
  if (!match) return NaN;
  return Date.parse(`${match[1]}Z`) + (match[2] ? Number(`0.${match[2]}`) * 1000 : 0);
}

/** One exchange → what it says: `{offset_ms, trip_ms}`; offset is server minus local. */
export function sampleOf(sent_ms, received_ms, server_ms) {
  return { offset_ms: server_ms - (sent_ms + received_ms) / 2, trip_ms: received_ms - sent_ms };
}

/** The sample to believe: the least round trip; null of none. */
export function best(samples) {
  return samples.reduce((least, sample) => (least === null || sample.trip_ms < least.trip_ms ? sample : least), null);
}

/** The page's own UTC milliseconds, monotonic. */
export const localNow = () => performance.timeOrigin + performance.now();

/** Follows the server's clock; until the first answer it is the local clock, and says so (`known` is false). */
export class ServerClock {
  #samples = [];
  #url;
  #timer = 0;
  #stale = false;

  constructor(url = '/clock') {
    this.#url = url;
  }

  get known() {
    return this.#samples.length > 0;
  }

  /** Server minus local, milliseconds; 0 before the first answer. */
  get offset_ms() {
    return best(this.#samples)?.offset_ms ?? 0;
  }

  get trip_ms() {
    return best(this.#samples)?.trip_ms ?? null;
  }

  now() {
    return localNow() + this.offset_ms;
  }

  start() {
    this.#round(0);
    return this;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** After sleep the page's own clock may have stood still: forget and ask anew. */
  refresh() {
    this.stop();
    this.#samples = this.#samples.slice(-1);
    this.#stale = true;
    this.#round(0);
  }

  async #round(count) {
    await this.sample();
    const gap = count < FIRST_SAMPLES - 1 ? BETWEEN_FIRST_MS : BETWEEN_MS * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#round(count + 1), gap);
  }

  /** One exchange; a failed one is no sample. */
  async sample() {
    try {
      const sent_ms = localNow();
      const response = await fetch(this.#url, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
      const received_ms = localNow();
      const server_ms = parseUtc(await response.text());
      if (response.ok && Number.isFinite(server_ms)) {
        const kept = this.#stale ? [] : this.#samples;
        this.#stale = false;
        this.#samples = [...kept, sampleOf(sent_ms, received_ms, server_ms)].slice(-KEEP);
      }
    } catch {
      // the next round asks again; until then the last good samples stand
    }
  }
}
