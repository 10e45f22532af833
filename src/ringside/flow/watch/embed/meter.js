/* Watches the frames go by: reads the strip now and then, and knows the latency and what was dropped. */
import { latencyOf, nextLook_ms } from '../sync/latency.js';
import { StripReader } from '../sync/strip.js';

const LATEST_MS = 34; // called later than a frame lasts, what can be read is another picture than the one meant
const STANDS_MS = 150; // without a new picture for so long: the slowest streams show ten a second
const DAY_MS = 86_400_000;

export class Meter {
  #video;
  #clock;
  #reader = 'OffscreenCanvas' in globalThis ? new StripReader() : new StripReader(document.createElement('canvas'));
  #picture = null;
  #misses = 0;
  #next_ms = 0;
  #shown_ms = null;
  #waiting = 0;
  #stopped = false;

  constructor(video, clock) {
    this.#video = video;
    this.#clock = clock;
    if ('requestVideoFrameCallback' in video) this.#follow();
  }

  stop() {
    this.#video.cancelVideoFrameCallback?.(this.#waiting);
    this.#stopped = true;
  }

  #follow() {
    if (this.#stopped) return;
    this.#waiting = this.#video.requestVideoFrameCallback((now, { expectedDisplayTime }) => {
      this.#shown_ms = now;
      const until_shown_ms = expectedDisplayTime - performance.now();
      if (now >= this.#next_ms && until_shown_ms > -LATEST_MS) this.#look(until_shown_ms);
      this.#follow();
    });
  }

  #look(until_shown_ms) {
    const shown_ms = this.#clock.now() + until_shown_ms;
    const read_ms = this.#reader.read(this.#video);
    const taken_ms = Math.abs(shown_ms - read_ms) < DAY_MS ? read_ms : null; // eight bits of CRC let one in 256 pass
    this.#misses = taken_ms === null ? this.#misses + 1 : 0;
    this.#next_ms = performance.now() + nextLook_ms(this.#misses);
    if (taken_ms !== null) this.#picture = { latency_ms: shown_ms - taken_ms, taken_ms, read_ms: this.#clock.now() };
  }

  /** A jump in the stream: what was read before says nothing now. */
  forget() {
    this.#picture = null;
    this.#misses = 0;
    this.#next_ms = 0;
  }

  /** `{latency_ms, latency_source}`; `date_time_ms` is the UTC of the playhead by the playlist. */
  latency(date_time_ms) {
    const latency = latencyOf({ picture: this.#picture, date_time_ms }, this.#clock.now());
    return latency.latency_source === 'picture' ? { ...latency, latency_ms: latency.latency_ms + this.#stood_ms() } : latency;
  }

  /* a picture that stands grows older */
  #stood_ms() {
    if (this.#shown_ms === null || document.visibilityState !== 'visible') return 0;
    return Math.max(0, performance.now() - this.#shown_ms - STANDS_MS);
  }

  frames() {
    const { totalVideoFrames = 0, droppedVideoFrames = 0 } = this.#video.getVideoPlaybackQuality?.() ?? {};
    return { frames: totalVideoFrames, dropped: droppedVideoFrames };
  }
}
