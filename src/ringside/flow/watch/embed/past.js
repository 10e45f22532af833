/* How far back an event can be watched, while the path in use carries the present only: asked of the media playlist,
   seldom. What lies back there is played by HLS (the ladder's `past`). */
import { mediaUrl } from '../player/probe.js';

const FIRST_MS = 3000;
const AGAIN_MS = 60_000;
const PATIENCE_MS = 8000;

/** A media playlist → when its first segment was taken, Unix ms, or null. Pure. */
export function oldestIn(text) {
  const ms = Date.parse(/^#EXT-X-PROGRAM-DATE-TIME:(\S+)/m.exec(text)?.[1] ?? '');
  return Number.isFinite(ms) ? ms : null;
}

export class Past {
  #base;
  #timer;
  #oldest_ms = null;

  constructor(base) {
    this.#base = base;
    this.#timer = setTimeout(() => this.#ask(), FIRST_MS * (1 + Math.random()));
  }

  /** When the oldest moment that is kept was taken, Unix ms; null before known. */
  get oldest_ms() {
    return this.#oldest_ms;
  }

  async #ask() {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const url = await mediaUrl(this.#base, signal);
      const answer = url && (await fetch(url, { signal }));
      if (answer?.ok) this.#oldest_ms = oldestIn(await answer.text()) ?? this.#oldest_ms;
    } catch {
      // what was known stands
    }
    if (this.#timer !== null) this.#timer = setTimeout(() => this.#ask(), AGAIN_MS * (0.75 + Math.random() / 2));
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
