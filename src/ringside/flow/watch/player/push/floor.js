/* The least latency that a path holds steadily: what nearly all chunks needed to arrive, and a margin to show them in. Pure.

   Arrivals are counted by the tenth of a second, each for its worst, so that a burst after one hiccup is one event and
   not many; the floor is what 97 of a hundred kept to in the last 20 s. A stall tells of what arrivals do not, and adds to
   it (stalls.js). The floor rises at once, and falls only when it has been lower for a while. */
import { Stalls } from '../stalls.js';

const SLOT_MS = 100;
const SLOTS = 200;
const SHARE = 0.97;
const MARGIN_MS = 50; // append, decode, and a frame to be shown
const SOUND_MS = 70; // a browser holds back more of sound than of pictures, and stands still for longer without it
const STALLS = { costs_ms: 40, most_ms: 400, wears_off: 1 / 500 };
const GRAIN_MS = 10;
const FALL_AFTER_MS = 8000;
const FALL = 0.15; // of the way, each second
const FRESH_MS = 5000;
const RIPE = 10; // slots before anything is said
const MOST_MS = 30_000; // later than this is no delay but a wrong clock

export class Floor {
  #slots = [];
  #slot = { at_ms: -Infinity, worst_ms: 0 };
  #stalls = new Stalls(STALLS);
  #shown = null; // {floor_ms, held_ms}: held up until then
  #share_ms = 0;
  #margin_ms;

  constructor(sound = false) {
    this.#margin_ms = MARGIN_MS + (sound ? SOUND_MS : 0);
  }

  /** A chunk's first frame came so long after its capture. */
  arrived(delay_ms, now_ms) {
    if (delay_ms < -SLOT_MS || delay_ms > MOST_MS) return;
    if (now_ms - this.#slot.at_ms < SLOT_MS) {
      this.#slot.worst_ms = Math.max(this.#slot.worst_ms, delay_ms);
      return;
    }
    this.#slot = { at_ms: now_ms, worst_ms: delay_ms };
    this.#slots.push(this.#slot);
    if (this.#slots.length > SLOTS) this.#slots.shift();
    if (this.#slots.length <= RIPE || this.#slots.length % 5 === 0 || this.#slots.length === SLOTS) this.#weigh();
  }

  #weigh() {
    const sorted = this.#slots.map(({ worst_ms }) => worst_ms).sort((a, b) => a - b);
    this.#share_ms = sorted[Math.floor((sorted.length - 1) * SHARE)];
  }

  /** The picture stood still for want of media. */
  stalled(now_ms) {
    this.#stalls.stalled(now_ms);
  }

  /** Whether anything has arrived of late. */
  isFresh(now_ms) {
    return now_ms - this.#slot.at_ms < FRESH_MS;
  }

  /** Milliseconds, or null before enough has arrived. */
  at(now_ms) {
    if (this.#slots.length < RIPE) return null;
    const exact_ms = Math.max(0, this.#share_ms) + this.#margin_ms + this.#stalls.at(now_ms);
    const floor_ms = Math.ceil(exact_ms / GRAIN_MS) * GRAIN_MS;
    if (this.#shown === null || floor_ms >= this.#shown.floor_ms) this.#shown = { floor_ms, held_ms: now_ms + FALL_AFTER_MS };
    else if (now_ms >= this.#shown.held_ms) {
      const fall_ms = Math.max(GRAIN_MS, Math.round(((this.#shown.floor_ms - floor_ms) * FALL) / GRAIN_MS) * GRAIN_MS);
      this.#shown = { floor_ms: this.#shown.floor_ms - fall_ms, held_ms: now_ms + 1000 };
    }
    return this.#shown.floor_ms;
  }
}

/** Of the floors of one page's players the highest, so that they stay together; null of none. */
export function highest(floors, now_ms) {
  const fresh = [...floors].filter((floor) => floor.isFresh(now_ms));
  const known = fresh.map((floor) => floor.at(now_ms)).filter((floor_ms) => floor_ms !== null);
  return known.length ? Math.max(...known) : null;
}
