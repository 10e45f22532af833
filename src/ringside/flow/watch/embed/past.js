/* How far back an event can be watched, and by which path: asked seldom. `dvr` where the server lists all that it keeps
   (`dvr.m3u8`), else `hls` for those who play by a path of the present only. */
import { firstMedia } from '../player/probe.js';

const FIRST_MS = 3000;
const AGAIN_MS = { dvr: 300_000, hls: 60_000 }; // a list of hours is long, and its beginning moves slowly
const PATIENCE_MS = 8000;
const HEAD_CHARS = 16_384; // the first date is among them

/** A media playlist → when its first segment was taken, Unix ms, or null. Pure. */
export function oldestIn(text) {
  const ms = Date.parse(/^#EXT-X-PROGRAM-DATE-TIME:(\S+)/m.exec(text)?.[1] ?? '');
  return Number.isFinite(ms) ? ms : null;
}

/* as much of an answer as has the first date: the rest is not waited for */
async function oldestOf(answer) {
  const [reader, decoder] = [answer.body.getReader(), new TextDecoder()];
  for (let head = ''; ;) {
    const { done, value } = await reader.read();
    head += decoder.decode(value ?? new Uint8Array());
    const found = oldestIn(done ? head : head.slice(0, head.lastIndexOf('\n') + 1));
    if (found === null && !done && head.length < HEAD_CHARS) continue;
    reader.cancel().catch(() => {});
    return found;
  }
}

async function oldestBy(playlist, base, signal) {
  const url = new URL(playlist, base);
  const top = await fetch(url, { signal });
  const media = top.ok ? firstMedia(await top.text()) : null;
  const answer = media && (await fetch(new URL(media, url), { signal }));
  return answer?.ok ? oldestOf(answer) : null;
}

export class Past {
  #base;
  #timer;
  #by = null;
  #oldest_ms = null;

  constructor(base) {
    this.#base = base;
    this.#timer = setTimeout(() => this.#ask(), FIRST_MS * (1 + Math.random()));
  }

  /** When the oldest moment that is kept was taken, Unix ms; null before known. */
  get oldest_ms() {
    return this.#oldest_ms;
  }

  /** The path that plays it: dvr or hls; null before known. */
  get by() {
    return this.#by;
  }

  async #ask() {
    for (const [by, playlist] of [['dvr', 'dvr.m3u8'], ['hls', 'index.m3u8']]) {
      if (await this.#found(by, playlist)) break;
    }
    if (this.#timer !== null) this.#timer = setTimeout(() => this.#ask(), AGAIN_MS[this.#by ?? 'hls'] * (0.75 + Math.random() / 2));
  }

  async #found(by, playlist) {
    try {
      const oldest_ms = await oldestBy(playlist, this.#base, AbortSignal.timeout(PATIENCE_MS));
      if (oldest_ms !== null) [this.#by, this.#oldest_ms] = [by, oldest_ms];
      return oldest_ms !== null;
    } catch {
      return by === this.#by; // what was known stands
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
