/* The whole of an event that is kept, hours of it: hls.js on the playlist that lists it, without parts. */
import { HlsPlayer } from './hls.js';
import { leisurely } from './leisure.js';

const STALE_MS = 60_000; // it is read at leisure

class DvrPlayer extends HlsPlayer {
  stale_ms = STALE_MS;

  pLoader() {
    return leisurely(super.pLoader(), () => (this.range()?.live ?? 0) - this.video.currentTime);
  }
}

export const create = (options) => new DvrPlayer({ ...options, playlist: 'dvr.m3u8', path: 'hls-dvr' });
